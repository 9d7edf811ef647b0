/** Output whose reader has gone, as after `| head`, and output to a full disk. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { watchOutput } from './output.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const fullDisk = '/dev/full';

type Sink = 'closed' | 'full' | 'read';

/** Runs the command line with such a stdout and stderr, and returns what could be read. */
async function run(
  { stdout, stderr }: { stdout: Sink; stderr: Sink },
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const full = stdout === 'full' || stderr === 'full' ? openSync(fullDisk, 'w') : -1;
  const sinkOf = (sink: Sink) => (sink === 'full' ? full : 'pipe');
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', sinkOf(stdout), sinkOf(stderr)],
  });
  const text = { stdout: '', stderr: '' };
  for (const [name, sink] of [
    ['stdout', stdout],
    ['stderr', stderr],
  ] as const) {
    if (sink === 'closed') child[name]!.destroy();
    child[name]?.on('data', (chunk) => {
      text[name] += chunk;
    });
  }
  const code = await new Promise<number | null>((settle) => child.on('close', settle));
  if (full >= 0) closeSync(full);
  return { code, ...text };
}

describe('output that nobody reads', () => {
  it('ends a help text and a command without a trace', async () => {
    const sinks = { stdout: 'closed', stderr: 'read' } as const;
    const ended = await Promise.all([run(sinks, 'train', '--help'), run(sinks, 'cache')]);
    for (const { code, stderr } of ended) {
      expect(stderr).toBe('');
      expect(code).toBe(141);
    }
  });
});

describe.runIf(existsSync(fullDisk))('output to a full disk', { concurrent: true }, () => {
  const sentence = (name: string) =>
    `error: Could not write to ${name}: the disk is full. Free some space, and run the command ` +
    'again.\n';

  it.each([
    ['an object', ['cache', '--json']],
    ['lines', ['cache']],
    ['a help text', ['train', '--help']],
  ])('of %s on stdout is told on stderr', async (_, args) => {
    const ended = await run({ stdout: 'full', stderr: 'read' }, ...args);
    expect(ended.code).toBe(4);
    // With --json the lines for people stand above.
    expect(ended.stderr.endsWith(sentence('stdout'))).toBe(true);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
  });

  it('of warnings is told on stdout, and an error keeps its own code', async () => {
    const ended = await run({ stdout: 'read', stderr: 'full' }, 'inspect', 'nowhere');
    expect(ended).toEqual({ code: 3, stdout: sentence('stderr'), stderr: '' });
  });

  it('leaves stdout to one object with --json', async () => {
    const { code, stdout } = await run(
      { stdout: 'read', stderr: 'full' },
      ...['inspect', 'nowhere', '--json'],
    );
    expect(code).toBe(3);
    expect(JSON.parse(stdout).error.code).toBe('path.missing');
  });

  it('of both is an exit code alone', async () => {
    const ended = await run({ stdout: 'full', stderr: 'full' }, 'cache');
    expect(ended).toEqual({ code: 4, stdout: '', stderr: '' });
  });
});

describe('watchOutput', () => {
  /** A stream whose writes of a text fail with an error of the system. */
  const failing = (code?: string) =>
    new Writable({
      emitClose: false,
      autoDestroy: false,
      write: (chunk, _encoding, done) =>
        done(chunk.length > 0 && code ? Object.assign(new Error(code), { code }) : null),
    });
  /** Writes a line on stdout and ends a command that succeeded. */
  async function ended(stdout: Writable): Promise<{ code: number; reason: unknown }> {
    const output = watchOutput({ stdout, stderr: failing() });
    stdout.write('line\n');
    const code = await output.settle(0, { json: false });
    return { code, reason: output.signal.reason };
  }

  it.each([
    ['EPIPE', 141, 'nobody reads the output'],
    ['ENOSPC', 4, 'Could not write to stdout: the disk is full.'],
    ['EDQUOT', 4, 'Could not write to stdout: the disk quota is used up.'],
    ['EIO', 4, 'Could not write to stdout: EIO.'],
  ])('%s aborts the signal and ends with %i', async (error, expected, message) => {
    const { code, reason } = await ended(failing(error));
    expect(code).toBe(expected);
    expect((reason as Error).message).toContain(message);
  });

  it('takes EIO for the end of a terminal', async () => {
    expect((await ended(Object.assign(failing('EIO'), { isTTY: true }))).code).toBe(141);
  });

  it('changes nothing where all output is written', async () => {
    expect(await ended(failing())).toEqual({ code: 0, reason: undefined });
  });
});
