/**
 * `likeness train` as a process: repeatable, interruptible at any moment, and clear about what it
 * cannot do.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeTextures } from './likeness.cases.ts';
import { runHere } from './runHere.cases.ts';
import {
  expectNoTrace,
  expectSuccess,
  openTrainings,
  STEPS,
  set,
  training,
} from './train.cases.ts';

const { at, checkpointsOf, eventsOf, finalOf, lossesOf, trainWhole, untilCheckpoints, workplace } =
  openTrainings();

beforeAll(trainWhole);

describe('a run', { timeout: 400_000 }, () => {
  it('gives the same bytes again, with another number of loader workers, and others with another seed', async () => {
    expectSuccess(
      await runHere(workplace, ...training('three', { workers: 3, checkpointSeconds: 60 })),
    );
    expect(finalOf('three').equals(finalOf('whole'))).toBe(true);
    expect(lossesOf('three')).toEqual(lossesOf('whole'));
    expectSuccess(await runHere(workplace, ...training('unwatched', { measures: 'none' })));
    expect(finalOf('unwatched').equals(finalOf('whole'))).toBe(true);
    const measured = (out: string) => eventsOf(out).filter(({ kind }) => kind === 'measures');
    expect(measured('unwatched')).toEqual([]);
    // So short a run is measured at its end alone.
    expect(measured('whole')).toEqual([
      expect.objectContaining({
        ...{ step: STEPS, epoch: 24, images: 96, epochStability: null },
        ...{
          silhouette: expect.any(Number),
          prototypeUsage: expect.any(Number),
          cost: expect.any(Number),
        },
      }),
    ]);
    expectSuccess(await runHere(workplace, ...training('other', { maxSteps: 2 }), '--seed', '1'));
    expect(lossesOf('other')[1]).not.toEqual(lossesOf('whole')[1]);
  });

  it('prints one object with --json, and everything else on stderr', async () => {
    const ended = await runHere(workplace, ...training('json', { maxSteps: 3 }), '--json');
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

describe('an interrupted run', { timeout: 400_000 }, () => {
  it('told to stop, saves, says how to go on, and ends with code 130; a torn checkpoint is passed over', async () => {
    const started = workplace.start(...training('stopped'));
    await untilCheckpoints('stopped', 2, started);
    started.process.kill('SIGINT');
    const ended = await started.ended;
    expect(ended.code).toBe(130);
    expectNoTrace(ended);
    expect(ended.stderr).toMatch(
      /stopped at step \d+, with everything saved.*--out stopped --resume/s,
    );
    const newest = checkpointsOf('stopped').at(-1)!;
    const { step } = eventsOf('stopped').findLast(({ kind }) => kind === 'step')!;
    expect(newest).toContain(`${step}.safetensors`);
    expect(step).toBeLessThan(STEPS);

    // A copy as a kill in the middle of a checkpoint's writing would leave it: a torn file, and a
    // temporary one.
    cpSync(at('stopped'), at('torn'), { recursive: true });
    truncateSync(at('torn', 'checkpoints', newest), 5000);
    const temporary = at('torn', 'checkpoints', `.step-0000009999.safetensors.123-4.tmp`);
    writeFileSync(temporary, 'half a file');

    for (const out of ['stopped', 'torn']) {
      const resumed = await runHere(workplace, 'train', 'pictures', '--out', out, '--resume');
      expectSuccess(resumed);
      if (out === 'torn') expect(resumed.stderr).toMatch(/passed over .*: .*damaged/);
      expect(finalOf(out).equals(finalOf('whole')), out).toBe(true);
      expect(lossesOf(out), out).toEqual(lossesOf('whole'));
    }
    expect(readdirSync(at('torn', 'checkpoints')).some((name) => name.endsWith('.tmp'))).toBe(
      false,
    );
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
    const resumed = await runHere(
      workplace,
      ...training('early', { checkpointSeconds: 60 }),
      '--resume',
    );
    expectSuccess(resumed);
    expect(resumed.stdout).toContain('no checkpoint yet, starting from the beginning');
    expect(finalOf('early').equals(finalOf('whole'))).toBe(true);
    expect(lossesOf('early')).toEqual(lossesOf('whole'));
  });

  it('does nothing more when it is complete', async () => {
    const before = finalOf('three');
    expectSuccess(await runHere(workplace, 'train', 'pictures', '--out', 'three', '--resume'));
    expect(finalOf('three').equals(before)).toBe(true);
    expect(lossesOf('three').length).toBe(STEPS);
  });

  it('refuses other settings than its own, and names them', async () => {
    const ended = await runHere(
      workplace,
      ...training('three', { batchSize: 8 }),
      '--resume',
      '--seed',
      '5',
    );
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(
      'error: --resume: received batchSize 8, seed 5; expected batchSize 16, seed 0, as the run was started with.',
    );
  });

  it('keeps its last good checkpoint when the disk refuses, and says so', async () => {
    if (process.platform === 'win32') return; // no limit on file sizes to stand in for a full disk
    const started = workplace.start(...training('full'));
    await untilCheckpoints('full', 2, started);
    started.process.kill('SIGTERM');
    expect((await started.ended).code).toBe(143);
    const before = checkpointsOf('full').map((name) =>
      readFileSync(at('full', 'checkpoints', name)),
    );
    // Files larger than 100 blocks cannot be written: smaller than a checkpoint.
    const ended = await workplace.limited(100, ...training('full'), '--resume', '--json');
    expect(ended.code).toBe(4);
    expectNoTrace(ended);
    expect(JSON.parse(ended.stdout).error.code).toMatch(/^write\./);
    const after = checkpointsOf('full').map((name) =>
      readFileSync(at('full', 'checkpoints', name)),
    );
    expect(after).toEqual(before);
    expectSuccess(await runHere(workplace, ...training('full'), '--resume'));
    expect(finalOf('full').equals(finalOf('whole'))).toBe(true);
  });
});

describe('bad input', () => {
  beforeAll(async () => {
    mkdirSync(at('empty'));
    mkdirSync(at('texts'));
    for (const name of ['a.txt', 'b.jpg', 'c.md'])
      writeFileSync(at('texts', name), 'not a picture at all');
    writeFileSync(at('note.txt'), 'not a folder');
    await writeTextures(at('few'), 3);
    const [picture] = readdirSync(at('pictures'));
    mkdirSync(at('same'));
    for (let i = 0; i < 40; i++) cpSync(at('pictures', picture!), at('same', `${i}.png`));
    cpSync(at('pictures'), at('changed'), { recursive: true });
    writeFileSync(at('changed', 'one more.png'), readFileSync(at('pictures', picture!)));
  });

  const cases: [what: string, args: string[], message: RegExp, code?: number][] = [
    ['a missing folder', ['train', 'nowhere'], /nowhere.*(not|no such)/is, 3],
    ['an empty folder', ['train', 'empty'], /empty/, 3],
    ['a folder of text files', ['train', 'texts'], /texts/, 3],
    ['a text file', ['train', 'note.txt'], /note\.txt/, 3],
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
    ['an --out below a file', ['train', 'pictures', '--out', 'note.txt/run'], /note\.txt/, 4],
    ['an --out with other files', ['train', 'pictures', '--out', 'texts'], /texts is not empty/, 4],
    [
      'an --out that holds a run',
      ['train', 'pictures', '--out', 'whole'],
      /whole already holds a run\. Add --resume/,
      4,
    ],
    ['--resume without --out', ['train', 'pictures', '--resume'], /--resume: expected --out/],
    [
      '--resume of nothing',
      ['train', 'pictures', '--resume', '--out', 'none'],
      /no run at none/,
      3,
    ],
    [
      '--resume with other images',
      ['train', 'changed', '--resume', '--out', 'whole'],
      /" is new; expected the 96 images that whole was started with/,
    ],
    [
      'a flag that is no number',
      ['train', 'pictures', '--epochs', 'many'],
      /--epochs: received "many"; expected a whole number/,
    ],
    [
      'copies of one image',
      ['train', 'same'],
      /same: found 40 images with the same pixels; expected different images/,
      3,
    ],
    ['an unknown flag', ['train', 'pictures', '--epoch', '3'], /unknown option '--epoch'/],
    ['no source', ['train'], /missing required argument 'source'/],
  ];
  it.each(cases)('%s is a clear error, in JSON too', async (_what, args, message, code = 2) => {
    const ended = await runHere(workplace, ...args, '--json');
    expect(ended.code).toBe(code);
    expectNoTrace(ended);
    const { error } = JSON.parse(ended.stdout) as { error: { code: string; message: string } };
    expect(error.message).toMatch(message);
    expect(error.code).toMatch(/^[a-zA-Z]+\.[a-zA-Z]+$/);
    expect(ended.stderr).toMatch(message);
  });

  it('fewer images than a batch are trained on with smaller settings, and judged too few', async () => {
    const ended = await runHere(
      workplace,
      ...['train', 'few', '--out', 'from few', '--json'],
      ...set({
        width: 4,
        crops: '2x16',
        imageSize: 16,
        hiddenLength: 16,
        embeddingLength: 8,
        maxSteps: 4,
      }),
    );
    expectSuccess(ended);
    const result = JSON.parse(ended.stdout);
    expect(result).toMatchObject({
      outcome: 'finished',
      steps: 4,
      images: 3,
      health: 'too few images',
    });
    expect(result.settings.batchSize).toBeLessThanOrEqual(3);
    expect(ended.stderr).toMatch(/batchSize \d+ instead of 256: only \d+ images/);
  });
});
