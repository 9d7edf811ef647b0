import { describe, expect, it } from 'vitest';
import type { Surroundings } from './desktop.ts';
import { type ShowReportOptions, showReport } from './showReport.ts';

const desktop: Surroundings = { platform: 'linux', env: { DISPLAY: ':0' }, isTTY: true };
const server: Surroundings = { ...desktop, env: {} };

interface ShownOptions extends ShowReportOptions {
  json?: boolean;
  report?: string;
}

async function shown({ json = false, report = '/runs/a/report.html', ...options }: ShownOptions) {
  const [opened, said, warned]: [string[], string[], string[]] = [[], [], []];
  const opener = async (file: string) => void opened.push(file);
  const terminal = {
    json,
    say: (line = '') => void said.push(line),
    warn: (line: string) => void warned.push(line),
  };
  await showReport(report, { opener, ...options }, terminal);
  return { opened, said: said.join('\n'), warned: warned.join('\n') };
}

describe('the report of a command', () => {
  it('opens on a desktop, unless told otherwise', async () => {
    expect((await shown({ surroundings: desktop })).opened).toEqual(['/runs/a/report.html']);
    const told = await shown({ surroundings: desktop, open: false });
    expect(told.opened).toEqual([]);
    expect(told.said).toBe('Open the report with:  xdg-open /runs/a/report.html');
  });

  it.each([
    ['linux', "xdg-open '/runs/my run/report.html'"],
    ['win32', 'cmd /c start "" "/runs/my run/report.html"'],
  ] as const)('tells a command for a path with spaces, %s', async (platform, command) => {
    const report = '/runs/my run/report.html';
    const told = await shown({ surroundings: { ...desktop, platform }, open: false, report });
    expect(told.said).toBe(`Open the report with:  ${command}`);
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
