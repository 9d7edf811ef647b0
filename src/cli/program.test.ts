/** Refusals of a command line before any work. Each is a process of a second or two. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'likeness-program-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A one-pixel GIF. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64');

beforeAll(() => {
  mkdirSync(join(folder, 'photos'));
  for (let i = 0; i < 3; i++) writeFileSync(join(folder, 'photos', `${i}.gif`), PIXEL);
  mkdirSync(join(folder, 'full'));
  writeFileSync(join(folder, 'full', 'mine'), '');
});

function likeness(
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...process.env, LIKENESS_CACHE: join(folder, 'cache'), NO_COLOR: '1' };
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, env });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk) => {
      text[name] += chunk;
    });
  }
  return new Promise((settle) => child.on('close', (code) => settle({ code, ...text })));
}

describe('before any work', { concurrent: true }, () => {
  it.each<[args: string[], code: number, message: RegExp]>([
    [
      ['cluster', 'photos', '-k', '99999'],
      2,
      /-k: received 99999 for 3 images; expected .* 1 to 3/,
    ],
    [['start', 'photos', '-k', '4'], 2, /-k: received 4 for 3 images/],
    [['cluster', 'photos', '--into', 'full'], 4, /--into: full is not empty: "mine"/],
    [['cluster', 'photos', '--into', 'photos/in'], 4, /--into: photos\/in lies in the source/],
    [['cluster', 'photos', '--into', ''], 2, /--into: received an empty text/],
    [['train', 'photos', '--out', ''], 2, /--out: received an empty text/],
    [['embed', 'photos', '--run', ' ', '--out', 'a.npy'], 2, /--run: received an empty text/],
    [['train', ''], 2, /source: received an empty text/],
    [
      ['train', 'photos', '--minutes', '1e300'],
      2,
      /--minutes: received "1e300"; .* at most 527,040/,
    ],
    [['train', 'photos', '--preset', 'smal-32'], 2, /--preset: .*; did you mean "small-32"\?/],
    [['train', 'photos', '--method', 'swva'], 2, /--method: .*; did you mean "swav"\?/],
    [['train', 'photos', '--set', 'epochs=1e15'], 2, /epochs: received/],
    [['inspect', 'nothing'], 3, /nothing: there is nothing/],
    [['embed', 'photos', '--run', 'photos', '--out', 'a.npy'], 3, /photos is not a run/],
  ])('%j is refused', async (args, code, message) => {
    const ended = await likeness(...args, '--json');
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
    expect(ended.stderr).not.toMatch(/^\s+at |decoding|patches/m);
    expect(JSON.parse(ended.stdout).error.message).toMatch(message);
  });
});

describe('a switch', () => {
  it('needs no value', async () => {
    const { code, stderr } = await likeness('train', 'photos', '--resume', '--out', 'nothing');
    expect(stderr).toMatch(/There is no run at nothing/);
    expect(code).toBe(3);
  });
});
