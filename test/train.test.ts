/**
 * `likeness train` as a process: repeatable, interruptible at any moment, and clear about what it cannot do.
 *
 * The pictures are made here and the network is tiny, so that a run takes a second or two.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpointInfo } from '../src/run/index.ts';
import { type Ended, openWorkplace, type Started, writeTextures } from './likeness.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());

const STEPS = 150;
const settings = {
  architecture: 'resnet10',
  width: 4,
  crops: '2x16',
  scales: '0.3-1',
  imageSize: 16,
  batchSize: 16,
  prototypes: 12,
  hiddenLength: 16,
  embeddingLength: 8,
  epochs: 40,
  threads: 1,
  checkpointSeconds: 0.1,
  keepCheckpoints: 1000,
  maxSteps: STEPS,
};
const set = (values: Record<string, unknown>) =>
  Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
/** The command that trains into a folder; what is given in addition wins. */
const training = (out: string, more: Record<string, unknown> = {}) => [
  ...['train', 'pictures', '--out', out],
  ...set({ ...settings, ...more }),
];

const at = (...path: string[]) => join(workplace.path, ...path);
const checkpointsOf = (out: string) =>
  readdirSync(at(out, 'checkpoints'))
    .filter((name) => !name.startsWith('.'))
    .sort();
/** The last checkpoint's bytes. */
function finalOf(out: string): Buffer {
  const last = checkpointsOf(out).at(-1)!;
  expect(last).toContain(`${STEPS}.safetensors`);
  return readFileSync(at(out, 'checkpoints', last));
}
function eventsOf(out: string): { kind: string; step: number; epoch: number; loss: number }[] {
  return readFileSync(at(out, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
const lossesOf = (out: string) =>
  eventsOf(out).flatMap(({ kind, step, loss }) => (kind === 'step' ? [[step, loss]] : []));

/** Waits until a run has so many checkpoints and has not ended. */
async function untilCheckpoints(out: string, count: number, { process }: Started): Promise<void> {
  for (;;) {
    expect(process.exitCode, 'the run ended too early').toBeNull();
    try {
      if (checkpointsOf(out).length >= count) return;
    } catch {
      // The folder is not there yet.
    }
    await sleep(10);
  }
}

function expectNoTrace({ stdout, stderr }: Ended): void {
  expect(stdout + stderr).not.toMatch(/^\s+at |internal error|UnhandledPromise/m);
}
function expectSuccess(ended: Ended): void {
  expect(ended.code, ended.stderr).toBe(0);
  expectNoTrace(ended);
}

beforeAll(async () => {
  await writeTextures(at('pictures'), 96);
  expectSuccess(await workplace.run(...training('whole')));
});

describe('a run', () => {
  it('writes every step once, with step, epoch and loss', () => {
    const steps = eventsOf('whole').filter(({ kind }) => kind === 'step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    expect(steps.map(({ epoch }) => epoch)).toEqual(
      Array.from({ length: STEPS }, (_, i) => Math.floor(i / 6)),
    );
    expect(steps.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  it('learns: the loss falls from where it starts', () => {
    const losses = lossesOf('whole').map(([, loss]) => loss!);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(losses.slice(-20))).toBeLessThan(0.9 * mean(losses.slice(0, 10)));
  });

  it('names checkpoints so that sorting by version or by text orders them by step', async () => {
    const names = checkpointsOf('whole');
    expect(names.length).toBeGreaterThan(1);
    const steps = await Promise.all(
      names.map(async (name) => (await readCheckpointInfo(at('whole', 'checkpoints', name))).step),
    );
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(names.toSorted(new Intl.Collator('en', { numeric: true }).compare)).toEqual(names);
    expect(steps.at(-1)).toBe(STEPS);
  });

  it('stores settings, preset and reason, and an empty list of skipped files', () => {
    const config = JSON.parse(readFileSync(at('whole', 'config.json'), 'utf8'));
    expect(config).toMatchObject({ preset: 'small-32', images: 96, settings: { ...settings, seed: 0 } });
    expect(config.notes[0]).toBe('preset small-32: images of about 20 px: two crops');
    expect(readFileSync(at('whole', 'skipped.csv'), 'utf8').trim().split('\n').length).toBe(1);
  });

  it('gives the same bytes again, with another number of loader workers, and others with another seed', async () => {
    expectSuccess(await workplace.run(...training('three', { workers: 3, checkpointSeconds: 60 })));
    expect(finalOf('three').equals(finalOf('whole'))).toBe(true);
    expect(lossesOf('three')).toEqual(lossesOf('whole'));
    expectSuccess(await workplace.run(...training('unwatched', { measures: 'none' })));
    expect(finalOf('unwatched').equals(finalOf('whole'))).toBe(true);
    const measured = (out: string) => eventsOf(out).filter(({ kind }) => kind === 'measures');
    expect(measured('unwatched')).toEqual([]);
    // So short a run is measured at its end alone.
    expect(measured('whole')).toEqual([
      expect.objectContaining({
        ...{ step: STEPS, epoch: 24, images: 96, epochStability: null },
        ...{ silhouette: expect.any(Number), prototypeUsage: expect.any(Number), cost: expect.any(Number) },
      }),
    ]);
    expectSuccess(await workplace.run(...training('other', { maxSteps: 2 }), '--seed', '1'));
    expect(lossesOf('other')[1]).not.toEqual(lossesOf('whole')[1]);
  });

  it('prints one object with --json, and everything else on stderr', async () => {
    const ended = await workplace.run(...training('json', { maxSteps: 3 }), '--json');
    expectSuccess(ended);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      run: at('json'),
      outcome: 'finished',
      steps: 3,
      totalSteps: 3,
      images: 96,
      skipped: 0,
      settings: { maxSteps: 3 },
    });
  });
});

describe('an interrupted run', () => {
  it('killed without warning, goes on to the same end, with every step once', async () => {
    const started = workplace.start(...training('killed'));
    await untilCheckpoints('killed', 2, started);
    const second = await workplace.run(...training('killed'), '--resume', '--json');
    expect(second.code).toBe(1);
    expect(JSON.parse(second.stdout).error.code).toBe('run.locked');
    started.process.kill('SIGKILL');
    expect((await started.ended).signal).toBe('SIGKILL');
    expect(eventsOf('killed').length).toBeLessThan(eventsOf('whole').length);
    const resumed = await workplace.run(...training('killed'), '--resume');
    expectSuccess(resumed);
    expect(resumed.stdout).toMatch(/going on from step \d+/);
    expect(finalOf('killed').equals(finalOf('whole'))).toBe(true);
    expect(lossesOf('killed')).toEqual(lossesOf('whole'));
  });

  it('told to stop, saves, says how to go on, and ends with code 130; a torn checkpoint is passed over', async () => {
    const started = workplace.start(...training('stopped'));
    await untilCheckpoints('stopped', 2, started);
    started.process.kill('SIGINT');
    const ended = await started.ended;
    expect(ended.code).toBe(130);
    expectNoTrace(ended);
    expect(ended.stderr).toMatch(/stopped at step \d+, with everything saved.*--out stopped --resume/s);
    const newest = checkpointsOf('stopped').at(-1)!;
    const { step } = eventsOf('stopped').findLast(({ kind }) => kind === 'step')!;
    expect(newest).toContain(`${step}.safetensors`);
    expect(step).toBeLessThan(STEPS);

    // A copy as a kill in the middle of a checkpoint's writing would leave it: a torn file, and a temporary one.
    cpSync(at('stopped'), at('torn'), { recursive: true });
    truncateSync(at('torn', 'checkpoints', newest), 5000);
    const temporary = at('torn', 'checkpoints', `.step-0000009999.safetensors.123-4.tmp`);
    writeFileSync(temporary, 'half a file');

    for (const out of ['stopped', 'torn']) {
      const resumed = await workplace.run('train', 'pictures', '--out', out, '--resume');
      expectSuccess(resumed);
      if (out === 'torn') expect(resumed.stderr).toMatch(/passed over .*: .*damaged/);
      expect(finalOf(out).equals(finalOf('whole')), out).toBe(true);
      expect(lossesOf(out), out).toEqual(lossesOf('whole'));
    }
    expect(readdirSync(at('torn', 'checkpoints')).some((name) => name.endsWith('.tmp'))).toBe(false);
  });

  it('starts from the beginning when it was killed before its first checkpoint', async () => {
    const started = workplace.start(...training('early', { checkpointSeconds: 60 }));
    for (;;) {
      await sleep(10);
      try {
        if (eventsOf('early').filter(({ kind }) => kind === 'step').length >= 3) break;
      } catch {
        // Not there yet, or a line is half written.
      }
    }
    started.process.kill('SIGKILL');
    await started.ended;
    expect(checkpointsOf('early')).toEqual([]);
    const resumed = await workplace.run(...training('early', { checkpointSeconds: 60 }), '--resume');
    expectSuccess(resumed);
    expect(resumed.stdout).toContain('no checkpoint yet: starting from the beginning');
    expect(finalOf('early').equals(finalOf('whole'))).toBe(true);
    expect(lossesOf('early')).toEqual(lossesOf('whole'));
  });

  it('does nothing more when it is complete', async () => {
    const before = finalOf('three');
    expectSuccess(await workplace.run('train', 'pictures', '--out', 'three', '--resume'));
    expect(finalOf('three').equals(before)).toBe(true);
    expect(lossesOf('three').length).toBe(STEPS);
  });

  it('refuses other settings than its own, and names them', async () => {
    const ended = await workplace.run(...training('three', { batchSize: 8 }), '--resume', '--seed', '5');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(
      'error: --resume: received batchSize 8, seed 5; expected batchSize 16, seed 0, as the run was started with.',
    );
  });

  it('keeps its last good checkpoint when the disk refuses, and says so', async () => {
    if (process.platform === 'win32') return; // no limit on file sizes to stand in for a full disk
    const started = workplace.start(...training('full'));
    await untilCheckpoints('full', 2, started);
    started.process.kill('SIGTERM');
    expect((await started.ended).code).toBe(130);
    const before = checkpointsOf('full').map((name) => readFileSync(at('full', 'checkpoints', name)));
    // Files larger than 100 blocks cannot be written: smaller than a checkpoint.
    const ended = await workplace.limited(100, ...training('full'), '--resume', '--json');
    expect(ended.code).toBe(1);
    expectNoTrace(ended);
    expect(JSON.parse(ended.stdout).error.code).toMatch(/^write\./);
    const after = checkpointsOf('full').map((name) => readFileSync(at('full', 'checkpoints', name)));
    expect(after).toEqual(before);
    expectSuccess(await workplace.run(...training('full'), '--resume'));
    expect(finalOf('full').equals(finalOf('whole'))).toBe(true);
  });
});

describe('bad input', () => {
  beforeAll(async () => {
    mkdirSync(at('empty'));
    mkdirSync(at('texts'));
    for (const name of ['a.txt', 'b.jpg', 'c.md']) writeFileSync(at('texts', name), 'not a picture at all');
    writeFileSync(at('note.txt'), 'not a folder');
    await writeTextures(at('few'), 3);
    const [picture] = readdirSync(at('pictures'));
    mkdirSync(at('same'));
    for (let i = 0; i < 40; i++) cpSync(at('pictures', picture!), at('same', `${i}.png`));
    cpSync(at('pictures'), at('changed'), { recursive: true });
    writeFileSync(at('changed', 'one more.png'), readFileSync(at('pictures', picture!)));
  });

  const cases: [what: string, args: string[], message: RegExp, code?: number][] = [
    ['a missing folder', ['train', 'nowhere'], /nowhere.*(not|no such)/is],
    ['an empty folder', ['train', 'empty'], /empty/],
    ['a folder of text files', ['train', 'texts'], /texts/],
    ['a text file', ['train', 'note.txt'], /note\.txt/],
    [
      'a batch above the images',
      ['train', 'few', '--set', 'batchSize=64'],
      /batchSize: received 64 for 3 images; expected at most 3/,
    ],
    [
      'a misspelt setting',
      ['train', 'pictures', '--set', 'bachSize=8'],
      /"bachSize" is not a setting; did you mean "batchSize"\?/,
    ],
    [
      'an inherited name as a setting',
      ['train', 'pictures', '--set', 'constructor=8'],
      /"constructor" is not a setting/,
    ],
    [
      'a setting without a value',
      ['train', 'pictures', '--set', 'batchSize'],
      /--set: received "batchSize"; expected key=value/,
    ],
    ['a setting out of bounds', ['train', 'pictures', '--set', 'epochs=0'], /epochs: received 0/],
    [
      'an unknown preset',
      ['train', 'pictures', '--preset', 'huge'],
      /--preset: received "huge"; expected one of tiny-28, small-32/,
    ],
    [
      'epochs and minutes',
      ['train', 'pictures', '--epochs', '1', '--minutes', '1'],
      /--epochs and --minutes: received both/,
    ],
    ['an --out below a file', ['train', 'pictures', '--out', 'note.txt/run'], /note\.txt/],
    ['an --out that holds other files', ['train', 'pictures', '--out', 'texts'], /texts is not empty/],
    [
      'an --out that holds a run',
      ['train', 'pictures', '--out', 'whole'],
      /whole already holds a run\. Add --resume/,
    ],
    ['--resume without --out', ['train', 'pictures', '--resume'], /--resume: expected --out/],
    ['--resume of nothing', ['train', 'pictures', '--resume', '--out', 'none'], /There is no run at none/],
    [
      '--resume with other images',
      ['train', 'changed', '--resume', '--out', 'whole'],
      /found 97 usable images; expected the 96/,
    ],
    [
      'a flag that is no number',
      ['train', 'pictures', '--epochs', 'many'],
      /--epochs: received "many"; expected a whole number/,
      2,
    ],
    ['an unknown flag', ['train', 'pictures', '--epoch', '3'], /unknown option '--epoch'/, 2],
    ['no source', ['train'], /missing required argument 'source'/, 2],
  ];
  it.each(cases)('%s is a clear error, in JSON too', async (_what, args, message, code = 1) => {
    const ended = await workplace.run(...args, '--json');
    expect(ended.code).toBe(code);
    expectNoTrace(ended);
    const { error } = JSON.parse(ended.stdout) as { error: { code: string; message: string } };
    expect(error.message).toMatch(message);
    expect(error.code).toMatch(/^[a-zA-Z]+\.[a-zA-Z]+$/);
    expect(ended.stderr).toMatch(message);
  });

  it('fewer images than a batch, and identical images, are trained on with smaller settings', async () => {
    for (const [source, count] of [
      ['few', 3],
      ['same', 40],
    ] as const) {
      const ended = await workplace.run(
        ...['train', source, '--out', `from ${source}`, '--json'],
        ...set({ width: 4, crops: '2x16', imageSize: 16, hiddenLength: 16, embeddingLength: 8, maxSteps: 4 }),
      );
      expectSuccess(ended);
      const result = JSON.parse(ended.stdout);
      expect(result).toMatchObject({ outcome: 'finished', steps: 4, images: count });
      expect(result.settings.batchSize).toBeLessThanOrEqual(count);
      expect(ended.stderr).toMatch(/batchSize \d+ instead of 256: only \d+ images/);
    }
  });
});
