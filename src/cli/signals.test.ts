import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('./signals.process.cases.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'likeness-signals-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a command that waits, and sends it signals, each after the text of the one before. */
async function signaled(
  wait: string,
  steps: readonly (readonly [after: RegExp, NodeJS.Signals])[],
) {
  const file = join(folder, wait);
  const child: ChildProcess = spawn(process.execPath, [program, wait, file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  const ended = once(child, 'close');
  const left = [...steps];
  child.stderr!.on('data', (chunk) => {
    text += chunk;
    if (left[0]?.[0].test(text)) child.kill(left.shift()![1]);
  });
  const [code, signal] = await ended;
  return { code, signal, text, cleaned: existsSync(file) };
}

describe.runIf(process.platform !== 'win32')('a signal', { concurrent: true }, () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s lets a command end by itself',
    async (signal) => {
      const ended = await signaled('the signal', [[/ready/, signal]]);
      expect(ended).toMatchObject({ code: 7, signal: null, cleaned: false });
      expect(ended.text).toContain(`first ${signal}`);
    },
  );

  it('ends a command that goes on waiting, after removing its files', async () => {
    const ended = await signaled('nothing that ends', [[/ready/, 'SIGTERM']]);
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM', cleaned: true });
    expect(ended.text).toContain('forced');
  });

  it('lets a command save for as long as it takes', async () => {
    const ended = await signaled('a save of some seconds', [[/ready/, 'SIGHUP']]);
    expect(ended).toMatchObject({ code: 7, signal: null, cleaned: false });
    expect(ended.text).toMatch(/first SIGHUP\nsaving\nsaved/);
  });

  it('lets a command say what it saved, when it has just saved', async () => {
    const ended = await signaled('a save and a word', [[/ready/, 'SIGINT']]);
    expect(ended).toMatchObject({ code: 7, signal: null, cleaned: false });
    expect(ended.text).toMatch(/saving\nsaved/);
  });

  it('ends a command that saves at once when it is the second', async () => {
    const ended = await signaled('a save that never ends', [
      [/ready/, 'SIGINT'],
      [/saving/, 'SIGINT'],
    ]);
    expect(ended).toMatchObject({ code: null, signal: 'SIGINT', cleaned: true });
    expect(ended.text).not.toContain('forced');
  });
});
