import { describe, expect, it } from 'vitest';
import type { Surroundings } from './desktop.ts';
import { type ShowReportOptions, showReport } from './showReport.ts';

const desktop: Surroundings = { platform: 'linux', env: { DISPLAY: ':0' }, isTTY: true };
const server: Surroundings = { ...desktop, env: {} };

async function shown({ json = false, ...options }: ShowReportOptions & { json?: boolean }) {
  const [opened, said, warned]: [string[], string[], string[]] = [[], [], []];
  const opener = async (file: string) => void opened.push(file);
  const terminal = {
    json,
    say: (line = '') => void said.push(line),
    warn: (line: string) => void warned.push(line),
  };
  await showReport('/runs/a/report.html', { opener, ...options }, terminal);
  return { opened, said: said.join('\n'), warned: warned.join('\n') };
}

describe('the report of a command', () => {
  it('opens on a desktop, unless told otherwise', async () => {
    expect((await shown({ surroundings: desktop })).opened).toEqual(['/runs/a/report.html']);
    const told = await shown({ surroundings: desktop, open: false });
    expect(told.opened).toEqual([]);
    expect(told.said).toBe('Open the report with:  xdg-open /runs/a/report.html');
  });

  it('stays closed for scripts and without a desktop, unless asked for', async () => {
    const script = await shown({ surroundings: desktop, json: true });
    expect(script).toMatchObject({ opened: [], said: '' });
    expect(await shown({ surroundings: server })).toMatchObject({ opened: [], said: '' });
    expect((await shown({ surroundings: server, open: true })).opened).toHaveLength(1);
  });

  it('costs a warning where the browser does not start', async () => {
    const opener = () => Promise.reject(new Error('spawn xdg-open ENOENT'));
    const { warned } = await shown({ surroundings: desktop, opener });
    expect(warned).toBe('could not open /runs/a/report.html in the browser: spawn xdg-open ENOENT');
  });
});
