/**
 * `likeness compare` as a process: what it prints for scripts, that it goes on after a kill, and
 * that a method that fails does not end it.
 *
 * The pictures are made here and the network is tiny, so that a run takes a second or two.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ComparedMethod, Comparison } from '../src/compare/index.ts';
import { version } from '../src/core/version.ts';
import { openWorkplace, type Started, writeTextures } from './likeness.cases.ts';
import { runHere } from './runHere.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());

const STEPS = 60;
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
  threads: 1,
  checkpointSeconds: 0.1,
  maxSteps: STEPS,
};
const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const comparing = (out: string, ...more: string[]) => [
  ...['compare', 'pictures', '--methods', 'swav', '--epochs', '40', '--out', out, ...set],
  ...more,
];

const at = (...path: string[]) => join(workplace.path, ...path);
const modified = (...path: string[]) => statSync(at(...path)).mtimeMs;
function finalOf(out: string, run: string): Buffer {
  const names = readdirSync(at(out, 'runs', run, 'checkpoints')).filter(
    (name) => !name.startsWith('.'),
  );
  return readFileSync(at(out, 'runs', run, 'checkpoints', names.sort().at(-1)!));
}
/** Takes the times out of a comparison: everything else is the same after an interruption. */
function figuresOf({ methods, baselines }: Comparison) {
  const timeless = ({ minutes, curve, runs, ...row }: ComparedMethod) => ({
    ...row,
    curve: curve.map(({ minutes: _, ...point }) => point),
    runs: runs.map(({ minutes: _, measured: ___, curve: own, ...run }) => ({
      ...run,
      curve: own?.map(({ minutes: __, ...point }) => point),
    })),
  });
  return { baselines, methods: methods.map(timeless) };
}

async function untilThere(file: string, { process }: Started): Promise<void> {
  while (
    !existsSync(at(file)) ||
    readdirSync(at(file)).filter((name) => !name.startsWith('.')).length === 0
  ) {
    expect(process.exitCode, 'it ended too early').toBeNull();
    await sleep(10);
  }
}

/** Waits until a process holds a lock; one that was killed has left its own behind. */
async function untilHeld(file: string, { process }: Started): Promise<void> {
  while (
    !existsSync(at(file)) ||
    !readFileSync(at(file), 'utf8').includes(`"pid":${process.pid},`)
  ) {
    expect(process.exitCode, 'it ended too early').toBeNull();
    await sleep(5);
  }
}

/** Waits until a process that trains has logged more, and so has something to save. */
async function untilLogged(file: string, { process }: Started): Promise<void> {
  const before = statSync(at(file)).size;
  while (statSync(at(file)).size <= before) {
    expect(process.exitCode, 'it ended too early').toBeNull();
    await sleep(5);
  }
}

let whole: Comparison;

beforeAll(async () => {
  await writeTextures(at('pictures'), 96, ['kind0', 'kind1', 'kind2']);
  const ended = await runHere(
    workplace,
    ...comparing('whole', '--seeds', '2', '--classical', 'kmeans,nmf', '--json'),
  );
  expect(ended.code, ended.stderr).toBe(0);
  whole = JSON.parse(ended.stdout);
}, 300_000);

describe('a comparison', () => {
  it('prints source, baselines and methods with mean and deviation', () => {
    expect(whole.source).toBe(at('pictures'));
    const [row] = whole.methods;
    expect(row).toMatchObject({ method: 'swav', seeds: 2 });
    expect(row!.minutes).toBeGreaterThan(0);
    for (const name of ['knn', 'nmi', 'acc', 'ari', 'linear'] as const) {
      const { mean, sd, values } = row![name];
      expect(values, name).toHaveLength(2);
      expect(mean, name).toBeCloseTo((values[0]! + values[1]!) / 2, 12);
      expect(sd, name).toBeCloseTo(Math.abs(values[0]! - values[1]!) / Math.SQRT2, 12);
    }
    for (const name of ['untrained', 'rawPixels', 'colourHistogram', 'patches']) {
      expect(whole.baselines[name]!.knn.mean, name).toBeGreaterThan(0);
      expect(whole.baselines[name]!.trainAndTest.nmi.mean, name).toBeGreaterThanOrEqual(0);
    }
    expect(whole.baselines.untrained!.knn.values).toHaveLength(2);
    for (const name of ['kmeans', 'nmf']) {
      expect(whole.baselines[name]!.nmi.mean, name).toBeGreaterThan(0);
      expect(whole.baselines[name]!.knn.mean, name).toBeNull();
    }
  });

  it('says when it was measured and by what, and which views all had', () => {
    const dates = whole.methods[0]!.runs.map(({ measured }) => measured!.date);
    expect(dates).toHaveLength(2);
    expect(whole.date).toBe(dates.sort().at(-1));
    expect(Math.abs(Date.now() - Date.parse(whole.date!))).toBeLessThan(3_600_000);
    expect(whole.likeness.versions).toEqual([version]);
    expect(whole.shared).toMatchObject({ crops: '2x16', scales: '0.3-1', frontEnd: 'none' });
  });

  it('has curves from the untrained encoder to the end, at shares of the schedule', () => {
    const { curve, runs } = whole.methods[0]!;
    expect(curve.map(({ step }) => step)).toEqual([0, 8, 15, 30, 45, STEPS]);
    const minutes = curve.map((point) => point.minutes);
    expect(minutes[0]).toBe(0);
    expect(minutes).toEqual(minutes.toSorted((a, b) => a - b));
    expect(minutes.at(-1)).toBeCloseTo(whole.methods[0]!.minutes!, 12);
    for (const { curve: own } of runs)
      for (const { knn, nmi } of own!) expect(knn! + nmi!).toBeGreaterThan(0);
  });

  it('is written as the same object, and as a page', () => {
    expect(JSON.parse(readFileSync(at('whole', 'compare.json'), 'utf8'))).toEqual(whole);
    expect(readFileSync(at('whole', 'compare.html'), 'utf8')).toContain(
      'Methods compared on pictures',
    );
    expect(readdirSync(at('whole', 'runs')).sort()).toEqual(['swav-seed0', 'swav-seed1']);
  });

  it('does nothing twice, and grows by seeds and values', async () => {
    const files = ['compare.json', 'baselines.json'].map((name) => ['whole', name] as const);
    const before = modified('whole', 'runs', 'swav-seed0', 'comparison.json');
    const stored = readFileSync(at(...files[1]!), 'utf8');
    const ended = await runHere(workplace, ...comparing('whole', '--seeds', '3', '--json'));
    expect(ended.code, ended.stderr).toBe(0);
    const grown: Comparison = JSON.parse(ended.stdout);
    expect(modified('whole', 'runs', 'swav-seed0', 'comparison.json')).toBe(before);
    expect(grown.methods[0]!.seeds).toBe(3);
    expect(grown.methods[0]!.runs.slice(0, 2)).toEqual(whole.methods[0]!.runs);
    const { 'raw pixels': raw } = JSON.parse(readFileSync(at(...files[1]!), 'utf8'));
    expect(raw).toEqual(JSON.parse(stored)['raw pixels']);
  });

  it('refuses to go on under other conditions', async () => {
    const other = await runHere(
      workplace,
      ...comparing('whole', '--set', 'temperature=0.2', '--json'),
    );
    expect(other.code).toBe(2);
    expect(JSON.parse(other.stdout).error).toMatchObject({ code: 'compare.differs' });
    const minutes = await runHere(
      workplace,
      'compare',
      'pictures',
      '--methods',
      'swav',
      '--out',
      'new',
      '--json',
    );
    expect(JSON.parse(minutes.stdout).error.message).toContain(
      '--minutes and --epochs: received neither',
    );
  });
});

describe('an interrupted comparison', () => {
  it('killed in the first run, in a later one, and told to stop, ends as if it never had been', {
    timeout: 400_000,
  }, async () => {
    const command = comparing('killed', '--seeds', '2', '--classical', 'kmeans,nmf');
    const first = workplace.start(...command);
    await untilThere('killed/runs/swav-seed0/checkpoints', first);
    first.process.kill('SIGKILL');
    await first.ended;

    const second = workplace.start(...command);
    await untilThere('killed/runs/swav-seed1/checkpoints', second);
    second.process.kill('SIGKILL');
    await second.ended;
    const measured = modified('killed', 'runs', 'swav-seed0', 'comparison.json');
    expect(JSON.parse(readFileSync(at('killed', 'compare.json'), 'utf8'))).toMatchObject({
      complete: false,
    });

    const third = workplace.start(...command);
    await untilHeld('killed/runs/swav-seed1/run.lock', third);
    // While the step is compiled there is nothing to save, and a slow machine takes longer for that
    // than a command has for its own end.
    await untilLogged('killed/runs/swav-seed1/events.jsonl', third);
    third.process.kill('SIGINT');
    const stopped = await third.ended;
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stderr).toContain('Run the same command to resume');

    const ended = await runHere(workplace, ...command, '--json');
    expect(ended.code, ended.stderr).toBe(0);
    const resumed: Comparison = JSON.parse(ended.stdout);
    expect(resumed.complete).toBe(true);
    expect(modified('killed', 'runs', 'swav-seed0', 'comparison.json')).toBe(measured);
    for (const run of ['swav-seed0', 'swav-seed1']) {
      expect(finalOf('killed', run).equals(finalOf('whole', run)), run).toBe(true);
    }
    expect(figuresOf(resumed)).toEqual(figuresOf(whole));
  });
});

describe('a run that fails', () => {
  it('is told of with its reason, is not tried again, and the others go on', async () => {
    const command = comparing('failing', '--seeds', '1', '--grid', 'learningRate=1e30,0.002');
    const ended = await runHere(workplace, ...command);
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout).toMatch(/swav \(learningRate 1e30\), failed/);
    expect(ended.stdout).toMatch(/swav \(learningRate 1e30\), seed 0, failed: diverged/);
    const [bad, good] = (
      JSON.parse(readFileSync(at('failing', 'compare.json'), 'utf8')) as Comparison
    ).methods;
    expect(bad).toMatchObject({ grid: { learningRate: '1e30' }, seeds: 0, knn: { mean: null } });
    expect(bad!.runs[0]!.failure!.code).toBe('train.unwell');
    expect(good!.seeds).toBe(1);
    expect(good!.knn.mean).toBeGreaterThan(0);

    const [folder] = readdirSync(at('failing', 'runs')).filter((name) => name.includes('1e30'));
    const before = modified('failing', 'runs', folder!, 'events.jsonl');
    const again = await runHere(workplace, ...command, '--json');
    expect(JSON.parse(again.stdout).methods).toEqual(
      [bad, good].map((row) => JSON.parse(JSON.stringify(row))),
    );
    expect(modified('failing', 'runs', folder!, 'events.jsonl')).toBe(before);
  });
});

describe('ablations', () => {
  it('of views, heads and encoder are one comparison, beside classical clusterings', {
    timeout: 300_000,
  }, async () => {
    const ended = await runHere(
      workplace,
      ...[
        'compare',
        'pictures',
        '--methods',
        'contrastive-clustering',
        '--epochs',
        '2',
        '--seeds',
        '1',
      ],
      ...['--vary', 'augmentedViews=none', '--vary', 'heads=both,instance'],
      ...['--vary', 'architecture=resnet18', '--classical', 'spectral,agglomerative,pca'],
      ...['--out', 'ablations', ...set, '--set', 'clusters=3', '--json'],
    );
    expect(ended.code, ended.stderr).toBe(0);
    const { methods, baselines, shared }: Comparison = JSON.parse(ended.stdout);
    expect(methods.map(({ grid }) => grid)).toEqual([
      {},
      { augmentedViews: 'none' },
      { heads: 'instance' },
      { architecture: 'resnet18' },
    ]);
    for (const { grid, seeds, knn, nmi } of methods) {
      expect(seeds, JSON.stringify(grid)).toBe(1);
      expect(knn.mean! * nmi.mean!, JSON.stringify(grid)).toBeGreaterThan(0);
    }
    expect(shared).not.toHaveProperty('architecture');
    // Each encoder has its own start.
    expect(baselines['untrained architecture resnet18']!.knn.mean).toBeGreaterThan(0);
    for (const name of ['spectral', 'agglomerative', 'pca']) {
      expect(baselines[name]!.nmi.mean, name).toBeGreaterThan(0);
      expect(baselines[name]!.knn.mean, name).toBeNull();
    }
  });
});

describe('a source without labels', () => {
  it('is compared by the measures that need none', async () => {
    await writeTextures(at('plain'), 48);
    const ended = await runHere(
      workplace,
      ...[
        'compare',
        'plain',
        '--methods',
        'swav,simclr',
        '--epochs',
        '2',
        '--seeds',
        '1',
        '--out',
        'unlabeled',
        ...set,
      ],
      '--json',
    );
    expect(ended.code, ended.stderr).toBe(0);
    const { labelled, methods, baselines, likelyOrder }: Comparison = JSON.parse(ended.stdout);
    expect(labelled).toBe(false);
    expect(methods[0]!.knn.mean).toBeNull();
    expect(methods[0]!.labelFree['effectiveRank.rank']!.mean).toBeGreaterThan(0);
    expect(baselines.untrained!.labelFree!['effectiveRank.rank']!.mean).toBeGreaterThan(0);
    expect(ended.stderr).toMatch(/without labels +views agree +minutes/);
    expect(ended.stderr).not.toContain('neighbourConsistency');
    const measured = methods.map(
      ({ labelFree }) => labelFree['sample.neighbourConsistency']!.mean!,
    );
    for (const value of measured) expect(value).toBeLessThanOrEqual(1);
    expect(likelyOrder.map(({ name }) => name).toSorted()).toEqual(['simclr', 'swav']);
    expect(ended.stderr).toContain(`likely best without labels: ${likelyOrder[0]!.name}`);
  });
});

describe('the source of a comparison', () => {
  it('is read as before, and its runs hold the command', async () => {
    const more = ['--seeds', '1', '--set', 'maxSteps=2'];
    const exclude = ['--exclude', '*0.png', '--labels', 'none'];
    const first = await runHere(workplace, ...comparing('read', ...more, ...exclude));
    expect(first.code, first.stderr).toBe(0);
    const [run] = readdirSync(at('read', 'runs'));
    const config = JSON.parse(readFileSync(at('read', 'runs', run!, 'config.json'), 'utf8'));
    expect(config.source).toMatchObject({ exclude: ['*0.png'], labels: 'none' });
    expect(config.command).toMatch(/^likeness compare pictures .*--exclude/);
    const again = await runHere(workplace, ...comparing('read', ...more));
    expect(again.stdout + again.stderr).toContain('without "*0.png"');
    expect(again.code, again.stderr).toBe(0);
    const other = await runHere(workplace, ...comparing('read', ...more, '--exclude', '*1.png'));
    expect(other.stderr).toContain('--exclude: received ["*1.png"]');
    expect(other.code).toBe(2);
  }, 400_000);
});
