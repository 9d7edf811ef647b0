/** Every stage of every command answers a signal, and what was interrupted continues. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomAt } from '../src/core/random.ts';
import { type Ended, openWorkplace, writeTextures } from './likeness.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());
const at = (...path: string[]) => join(workplace.path, ...path);

/** Milliseconds to answer, with room for a busy machine. */
const BOUND_MS = 10_000;

/** A CIFAR file of random pixels, so that each stage takes a while. */
function writeRandomCifar(folder: string, count: number): void {
  const random = randomAt(1, 'synthetic', 0);
  const bytes = Buffer.alloc(count * 3073);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = i % 3073 === 0 ? random.integer(10) : random.integer(256);
  mkdirSync(folder);
  writeFileSync(join(folder, 'data_batch_1.bin'), bytes);
}

const small = [
  ...[
    'architecture=resnet10',
    'width=4',
    'crops=2x16',
    'scales=0.3-1',
    'imageSize=16',
    'batchSize=16',
  ],
  ...['prototypes=12', 'hiddenLength=16', 'embeddingLength=8', 'threads=1', 'workers=1'],
].flatMap((text) => ['--set', text]);

beforeAll(async () => {
  await writeTextures(at('pictures'), 48);
  writeRandomCifar(at('cifar'), 1500);
  writeRandomCifar(at('fewer'), 500);
  const made = await workplace.run('start', 'pictures', '--out', 'patches', '-k', '3');
  expect(made.code, made.stderr).toBe(0);
});

/** Paths of the files that a process has open, on Linux. */
function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`));
  } catch {
    // A file was closed in between.
    return [];
  }
}

interface Stopped extends Ended {
  /** Milliseconds from the signal to the end. */
  milliseconds: number;
}

/** Starts a command, sends a signal once its output matches, and waits for its end. */
async function stopped(
  args: readonly string[],
  stage: RegExp,
  signal: NodeJS.Signals,
): Promise<Stopped> {
  const started = workplace.startShown(...args);
  let [text, sent] = ['', 0];
  for (const stream of [started.process.stderr!, started.process.stdout!]) {
    stream.on('data', (chunk) => {
      text += chunk;
      if (sent > 0 || !stage.test(text)) return;
      sent = performance.now();
      started.process.kill(signal);
    });
  }
  const ended = await started.ended;
  expect(sent, `${stage} in:\n${ended.stdout}${ended.stderr}`).toBeGreaterThan(0);
  return { ...ended, milliseconds: performance.now() - sent };
}

/** Starts a command, sends a signal once `isDue` says so, and waits for its end. */
async function stoppedWhen(
  args: readonly string[],
  isDue: (pid: number) => boolean,
  signal: NodeJS.Signals,
): Promise<Stopped> {
  const started = workplace.start(...args);
  while (!isDue(started.process.pid!)) {
    expect(started.process.exitCode, 'the command ended too early').toBeNull();
    await sleep(2);
  }
  const sent = performance.now();
  started.process.kill(signal);
  return { ...(await started.ended), milliseconds: performance.now() - sent };
}

/** Expects the end by a signal, in time, in one of the two ways. */
function expectStopped({ code, signal, stderr, milliseconds }: Stopped, by: NodeJS.Signals): void {
  expect(milliseconds, stderr).toBeLessThan(BOUND_MS);
  const expected = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[by as 'SIGINT'];
  expect(signal === by || code === expected, `code ${code}, signal ${signal}: ${stderr}`).toBe(
    true,
  );
  expect(stderr).not.toMatch(/^\s+at |internal error/m);
}

const fullTraining = ['train', 'cifar', '--method', 'swav', '--preset', 'small-32'];
const run = ['--run', 'patches'];

describe.runIf(process.platform !== 'win32')('a signal', { timeout: 180_000 }, () => {
  it.each<[stage: string, args: string[], pattern: RegExp, signal: NodeJS.Signals]>([
    ['decoding', ['train', 'cifar', '--out', 'decode', ...small], /decoding/, 'SIGINT'],
    [
      'learning patches',
      ['start', 'cifar', '--out', 'learn'],
      /drawing patches|dictionary of patches/,
      'SIGTERM',
    ],
    ['computing components', ['start', 'cifar', '--out', 'components'], /principal/, 'SIGINT'],
    ['compiling', [...fullTraining, '--out', 'compile'], /compiling the training step/, 'SIGHUP'],
    ['measuring kernels', ['tune', '--again'], /measuring kernels: \d/, 'SIGINT'],
    ['embedding', ['embed', 'cifar', ...run, '--out', 'rows.npy'], /patch features: /, 'SIGINT'],
    [
      'embedding to cluster',
      ['cluster', 'cifar', ...run, '-k', '5'],
      /patch features: /,
      'SIGTERM',
    ],
    ['suggesting K', ['cluster', 'cifar', ...run], /trying|clusters of|finding/, 'SIGINT'],
    [
      'writing the report',
      ['cluster', 'pictures', ...run, '-k', '3'],
      /laying out the features|pictures of|writing the report/,
      'SIGINT',
    ],
    [
      'evaluating',
      ['evaluate', 'cifar', ...run],
      /patch features: (k-means|nearest|linear)/,
      'SIGTERM',
    ],
    ['a baseline', ['evaluate', 'cifar', ...run], /raw pixels/, 'SIGINT'],
    [
      'comparing clusters with color',
      ['cluster', 'cifar', ...run, '-k', '5'],
      /comparing the clusters with color|color histogram: /,
      'SIGTERM',
    ],
    [
      'comparing clusters with raw pixels',
      ['cluster', 'cifar', ...run, '-k', '5'],
      /raw pixels: /,
      'SIGINT',
    ],
    [
      'comparing methods',
      ['compare', 'pictures', '--methods', 'swav', '--epochs', '500', '--out', 'compare', ...small],
      /step \d+/,
      'SIGTERM',
    ],
  ])('while %s ends the command', async (_, args, pattern, signal) => {
    expectStopped(await stopped(args, pattern, signal), signal);
  });

  it.runIf(existsSync('/proc/self/fd')).each(['SIGINT', 'SIGTERM'] as const)(
    'while a large folder is scanned ends the command, by %s',
    async (signal) => {
      const folder = at('scanned');
      if (!existsSync(folder)) {
        mkdirSync(folder);
        // Each is opened, because only its content tells that it is no image.
        for (let i = 0; i < 40_000; i++) writeFileSync(join(folder, `${i}.dat`), 'no image');
      }
      const reads = (pid: number) => openFiles(pid).some((file) => file.startsWith(`${folder}/`));
      const ended = await stoppedWhen(['inspect', 'scanned'], reads, signal);
      expectStopped(ended, signal);
      expect(ended.stdout).toBe('');
    },
  );

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'while a model is exported leaves no file, by %s',
    async (signal) => {
      const large = ['--set', 'architecture=resnet10', '--set', 'width=64'];
      if (!existsSync(at('large'))) {
        const args = ['train', 'pictures', '--out', 'large', ...small, ...large];
        const made = await workplace.run(...args, '--set', 'maxSteps=1');
        expect(made.code, made.stderr).toBe(0);
      }
      const args = ['export', '--run', 'large', '--to', at('exported', 'encoder.onnx')];
      const inside = () => (existsSync(at('exported')) ? readdirSync(at('exported')) : []);
      expectStopped(await stoppedWhen(args, () => inside().length > 0, signal), signal);
      expect(inside()).toEqual([]);
    },
  );

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'while training saves, by %s',
    async (signal) => {
      const out = `trained-${signal}`;
      const args = ['train', 'pictures', '--out', out, ...small, '--epochs', '500'];
      const ended = await stopped(args, /step \d+/, signal);
      expectStopped(ended, signal);
      expect(ended.code).not.toBeNull();
      expect(ended.stderr).toMatch(/stopped at step \d+.*everything saved/);
      const resumed = await stopped([...args, '--resume'], /step \d+/, 'SIGINT');
      expectStopped(resumed, 'SIGINT');
      const steps = readFileSync(at(out, 'events.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
        .flatMap(({ kind, step }) => (kind === 'step' ? [step] : []));
      // Each step once, without a gap.
      expect(steps).toEqual(steps.map((_, i) => i + 1));
    },
  );

  it('while the speed of a training is measured saves, whatever the minutes', async () => {
    const args = ['train', 'pictures', '--out', 'speed', ...small, '--minutes', '500000'];
    const ended = await stopped(args, /step \d+/, 'SIGTERM');
    expectStopped(ended, 'SIGTERM');
    expect(ended.stderr).toMatch(/stopped at step \d+/);
  });

  it('lets the same command continue', async () => {
    const args = ['start', 'fewer', '--out', 'continued', '-k', '4'];
    expectStopped(await stopped(args, /patch features: /, 'SIGINT'), 'SIGINT');
    expectStopped(await stopped(args, /patch features: /, 'SIGHUP'), 'SIGHUP');
    const ended = await workplace.run(...args);
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout + ended.stderr).toContain('500 images in 4 clusters');
  });
});
