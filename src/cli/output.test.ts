/** Output whose reader has gone, as after `| head`. */
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { watchOutput } from './output.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

/** Runs the command line with a stdout that is closed before it can write. */
function runUnread(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((settle) => {
    child.on('close', (code) => settle({ code, stderr }));
  });
}

describe('output that nobody reads', () => {
  it('ends a help text and a command without a trace', async () => {
    const ended = await Promise.all([runUnread('train', '--help'), runUnread('cache')]);
    for (const { code, stderr } of ended) {
      expect(stderr).toBe('');
      expect([0, 141]).toContain(code);
    }
  });

  it('aborts the signal at EPIPE, and throws other errors', () => {
    const stream = new EventEmitter();
    const fail = (code: string) => stream.emit('error', Object.assign(new Error(code), { code }));
    const closed = watchOutput([stream as unknown as NodeJS.WritableStream]);
    expect(() => fail('ENOSPC')).toThrow('ENOSPC');
    expect(closed.aborted).toBe(false);
    fail('EPIPE');
    expect(closed.aborted).toBe(true);
    expect(() => fail('ERR_STREAM_DESTROYED')).not.toThrow();
  });
});
