/**
 * Disks that take nothing more: every command that writes says so in one sentence, with the exit
 * code of output, and leaves earlier files as they were. A limit of the size of files stands for
 * the disk, and /dev/full for that of the output.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { sharedCode, writeTextures } from './likeness.cases.ts';
import { expectSuccess, openTrainings, training } from './train.cases.ts';

const { at, checkpointsOf, eventsOf, finalOf, trainWhole, untilCheckpoints, workplace } =
  openTrainings();

const run = ['--run', 'whole'];

beforeAll(async () => {
  await trainWhole();
  expectSuccess(await workplace.run('cluster', 'pictures', ...run, '-k', '3'));
  await writeTextures(at('others'), 12);
}, 400_000);

/** Names of all files, with those that begin with a dot. */
const files = () =>
  readdirSync(workplace.path, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('cache'))
    .sort();

/** Bytes of a block of `ulimit -f`, which shells do not agree on. */
const BLOCK = (() => {
  const script = 'ulimit -f 1; head -c 1024 /dev/zero > block 2> /dev/null';
  spawnSync('sh', ['-c', script], { cwd: workplace.path });
  return statSync(at('block')).size;
})();

describe.runIf(process.platform !== 'win32')('a full disk', { timeout: 120_000 }, () => {
  // Files larger than so many blocks of 512 or 1,024 bytes cannot be written.
  it.each<[what: string, blocks: number, args: string[]]>([
    ['a new run', 0, training('new')],
    [
      'a comparison',
      0,
      ['compare', 'pictures', '--methods', 'swav', '--epochs', '1', '-o', 'table'],
    ],
    ['features of a folder', 0, ['start', 'pictures', '--out', 'groups', '--encoder', 'patches']],
    ['clusters', 0, ['cluster', 'pictures', ...run, '-k', '4']],
    ['a report', 30, ['cluster', 'pictures', ...run, '-k', '4', '--name', 'four']],
    ['an evaluation', 0, ['evaluate', 'pictures', ...run]],
    ['a contact sheet', 0, ['views', 'pictures/0000.png', ...run, '--out', 'views.png']],
    ['decoded pixels', 0, ['cluster', 'others', ...run, '-k', '2']],
    ...['onnx', 'safetensors'].map((format): [string, number, string[]] => [
      `an export as ${format}`,
      0,
      ['export', ...run, '--to', `encoder.${format}`],
    ]),
    ...['npy', 'parquet', 'safetensors', 'csv'].map((format): [string, number, string[]] => [
      `features as ${format}`,
      0,
      ['embed', 'pictures', ...run, '--out', `features.${format}`],
    ]),
  ])('for %s is one sentence', async (_, blocks, args) => {
    const before = files();
    const { code, stdout, stderr } = await workplace.limited(blocks, ...args);
    expect(stderr.split('\n').at(-2), stderr).toMatch(
      /^error: (Could not write|cacheDir: no room)/,
    );
    expect(stdout + stderr).not.toMatch(/^\s+at |internal error/m);
    expect(code).toBe(4);
    const added = files().filter((name) => !before.includes(name));
    // Folders, and files that were whole before the disk was full.
    expect(added.filter((name) => /tmp|lock|unfinished/.test(name))).toEqual([]);
    expect(before.filter((name) => !files().includes(name))).toEqual([]);
  });

  it.runIf(existsSync('/dev/full'))(
    'under the log of a training ends it, and it can be started again',
    async () => {
      const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
      const child = spawn(process.execPath, [main, ...training('logged')], {
        cwd: workplace.path,
        env: { ...process.env, ...sharedCode, LIKENESS_CACHE: at('cache') },
        stdio: ['ignore', 'pipe', openSync('/dev/full', 'w')],
      });
      let stdout = '';
      child.stdout!.on('data', (chunk) => {
        stdout += chunk;
      });
      expect(await new Promise((settle) => child.on('close', settle))).toBe(4);
      expect(stdout).toMatch(/error: Could not write to stderr: the disk is full/);
      expectSuccess(await workplace.run(...training('logged')));
      expect(finalOf('logged').equals(finalOf('whole'))).toBe(true);
    },
  );

  it('under the events of a training ends it, and it is resumed to the same bytes', async () => {
    const started = workplace.start(...training('filled'));
    await untilCheckpoints('filled', 2, started);
    started.process.kill('SIGINT');
    await started.ended;
    const before = checkpointsOf('filled');
    const largest = Math.max(
      ...before.map((name) => statSync(at('filled', 'checkpoints', name)).size),
    );
    // The limit leaves room for checkpoints, and for a few lines more of events.
    const blocks = Math.ceil((2 * largest) / BLOCK);
    const log = at('filled', 'events.jsonl');
    const text = readFileSync(log, 'utf8');
    const first = text.slice(0, text.indexOf('\n') + 1);
    const room = blocks * BLOCK - 2000 - text.length;
    writeFileSync(log, first.repeat(Math.floor(room / first.length)) + text);

    const resume = [...training('filled'), '--resume'];
    const { code, stdout, stderr } = await workplace.limited(blocks, ...resume);
    expect(stderr.split('\n').at(-2), stderr).toMatch(/^error: Could not write .*events\.jsonl: /);
    expect(stdout + stderr).not.toMatch(/^\s+at |internal error/m);
    expect(code).toBe(4);
    expect(checkpointsOf('filled').slice(0, before.length)).toEqual(before);

    writeFileSync(log, readFileSync(log, 'utf8').slice(first.length * 2));
    expectSuccess(await workplace.run(...resume));
    expect(finalOf('filled').equals(finalOf('whole'))).toBe(true);
    const steps = eventsOf('filled').flatMap(({ kind, step }) => (kind === 'step' ? [step] : []));
    expect(steps).toEqual([...new Set(steps)]);
  });
});
