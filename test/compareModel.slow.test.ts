/**
 * `likeness compare --encoder` as a process: heads on a pretrained model, the model trained further
 * and a network from scratch in one table, which a kill does not change.
 *
 * The model is a small residual network of the fixtures, and the pictures are made here.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ComparedMethod, type Comparison, compareTable } from '../src/compare/index.ts';
import { openWorkplace, type Started, writeTextures } from './likeness.cases.ts';
import { runHere } from './runHere.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());
const at = (...path: string[]) => join(workplace.path, ...path);
const IMAGES = 48;

const settings = {
  ...{ architecture: 'resnet10', width: 4, crops: '2x32', imageSize: 32, batchSize: 12 },
  ...{ measures: 'none', threads: 1, checkpointSeconds: 0.1, maxSteps: 40 },
};
const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
const comparing = (out: string, ...more: string[]) => [
  ...['compare', 'pictures', '--backbone', 'tiny.onnx', '--methods', 'consensus,swav,simclr'],
  ...['--fine-tune', 'simclr', '--epochs', '10', '--seeds', '1', '--out', out, ...set, ...more],
];
const RUNS = ['consensus-head-seed0', 'simclr-fine-tuned-seed0', 'simclr-seed0', 'swav-head-seed0'];

/** Takes out times, which differ from run to run. */
function figuresOf({ methods, baselines }: Comparison) {
  const timeless = ({ minutes, curve, runs, ...row }: ComparedMethod) => ({
    ...row,
    curve: curve.map(({ minutes: _, ...point }) => point),
    runs: runs.map(({ minutes: _, measured: __, curve: ___, ...run }) => run),
  });
  return { baselines, methods: methods.map(timeless) };
}
function finalOf(out: string, run: string): Buffer {
  const folder = at(out, 'runs', run, 'checkpoints');
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  return readFileSync(join(folder, names.sort().at(-1)!));
}
async function untilThere(file: string, { process }: Started): Promise<void> {
  const filled = () => readdirSync(at(file)).some((name) => !name.startsWith('.'));
  while (!existsSync(at(file)) || !filled()) {
    expect(process.exitCode, 'it ended too early').toBeNull();
    await sleep(10);
  }
}
async function runOf(...command: string[]): Promise<Comparison> {
  const ended = await runHere(workplace, ...command, '--json');
  expect(ended.code, ended.stderr).toBe(0);
  return JSON.parse(ended.stdout);
}

let whole: Comparison;
beforeAll(async () => {
  const graph = new URL('fixtures/graphs/resnet.onnx', import.meta.url);
  copyFileSync(fileURLToPath(graph), at('tiny.onnx'));
  await writeTextures(at('pictures'), IMAGES, ['kind0', 'kind1', 'kind2']);
  whole = await runOf(...comparing('whole'));
}, 400_000);

describe('a comparison with a pretrained model', () => {
  it('has every way in one table, by the name of the model', () => {
    const table = compareTable(whole);
    for (const name of [
      ...['consensus on tiny', 'swav on tiny', 'simclr from scratch', 'tiny fine-tuned by simclr'],
      ...['tiny, k-means', 'tiny, smoothed k-means', 'untrained encoder', 'patch features'],
      ...['raw pixels', 'color histogram'],
    ]) {
      expect(table.filter((line) => line.startsWith(`${name}  `)).length, name).toBe(1);
    }
    expect(whole).toMatchObject({ budget: { epochs: 10 }, complete: true });
    expect(whole.model).toMatchObject({ model: 'tiny', dimension: 16 });
    expect(readdirSync(at('whole', 'runs')).sort()).toEqual(RUNS);
  });

  it('has clusters of the head, and kNN and linear accuracy of the features', () => {
    const { modelKmeans, modelSmoothedKmeans } = whole.baselines;
    const [consensus, swav, simclr, tuned] = whole.methods;
    expect(consensus!.nmi.mean).not.toBe(swav!.nmi.mean);
    for (const row of [consensus!, swav!, modelSmoothedKmeans!]) {
      expect([row.knn, row.knn20, row.linear]).toEqual([
        ...[modelKmeans!.knn, modelKmeans!.knn20, modelKmeans!.linear],
      ]);
      expect(row.nmi.mean).toBeGreaterThan(0);
    }
    for (const row of [simclr!, tuned!]) {
      expect(row.knn.mean).toBeGreaterThan(0);
      expect(row.runs[0]!.steps).toBe(40);
    }
    expect(tuned!.labelFree).not.toHaveProperty('sample.viewAgreement');
    expect(consensus!.labelFree).toHaveProperty('clusterUsage.entropy');
    expect(whole.likelyOrder).toEqual([{ name: 'simclr from scratch', rank: 1 }]);
    expect(whole.protocol.heads).toContain('(consensus 40 steps, swav 40 steps)');
    expect(whole.protocol['fine-tuning']).toContain('views 2x32 and images of 32 px');
  });

  it('has curves of networks and of the model that is trained further, from before training', () => {
    const [consensus, , simclr, tuned] = whole.methods;
    expect(consensus!.curve).toEqual([]);
    for (const row of [simclr!, tuned!]) {
      expect(row.curve.map(({ step }) => step)).toEqual([0, 5, 10, 20, 30, 40]);
      expect(row.curve.at(-1)!.knn).toBeCloseTo(row.knn20!.mean!, 6);
    }
    // The first point is the model as it is, whose features the baselines have too.
    expect(tuned!.curve[0]!.knn).toBeCloseTo(whole.baselines.modelKmeans!.knn20!.mean!, 6);
    const page = readFileSync(at('whole', 'compare.html'), 'utf8');
    expect(page).toMatch(/<title>tiny fine-tuned by simclr<\/title><path d="M[^"]+L/);
  });

  it('measures nothing twice, and takes heads alone without a budget', async () => {
    const again = await runOf(...comparing('whole'));
    expect(again).toEqual(whole);
    const command = comparing('whole').filter((word) => !['--epochs', '10'].includes(word));
    const at = command.indexOf('consensus,swav,simclr');
    const heads = command.with(at, 'consensus,swav');
    const alone = heads.filter((word) => !['--fine-tune', 'simclr'].includes(word));
    const { budget, methods } = await runOf(...alone);
    expect(budget).toEqual({ epochs: 10 });
    expect(methods).toEqual(whole.methods.slice(0, 2));
  });

  it('refuses another model', async () => {
    const graph = new URL('fixtures/graphs/regnet.onnx', import.meta.url);
    copyFileSync(fileURLToPath(graph), at('other.onnx'));
    const ended = await runHere(
      workplace,
      ...comparing('whole').map((word) => (word === 'tiny.onnx' ? 'other.onnx' : word)),
    );
    expect(ended.stderr).toContain('--encoder: received other.onnx with SHA-256');
    expect(ended.code).toBe(2);
  });
});

describe('an interrupted comparison with a pretrained model', () => {
  it('ends with the same bytes', { timeout: 400_000 }, async () => {
    for (const run of ['consensus-head-seed0', 'simclr-fine-tuned-seed0']) {
      const started = workplace.start(...comparing('killed'));
      await untilThere(`killed/runs/${run}/checkpoints`, started);
      started.process.kill('SIGKILL');
      await started.ended;
    }
    // A kill before the model was written leaves a run that cannot be resumed.
    rmSync(at('killed/runs/simclr-fine-tuned-seed0/checkpoints'), { recursive: true });
    rmSync(at('killed/runs/simclr-fine-tuned-seed0/model.onnx'));
    const resumed = await runOf(...comparing('killed'));
    for (const run of RUNS) {
      expect(finalOf('killed', run).equals(finalOf('whole', run)), run).toBe(true);
    }
    expect(figuresOf(resumed)).toEqual(figuresOf(whole));
  });
});

describe('a source without labels', () => {
  it('has heads whose number of clusters is suggested, without a ranking', async () => {
    const command = comparing('unlabeled', '--labels', 'none');
    const found = await runOf(
      ...command.map((word) => (word === 'consensus,swav,simclr' ? 'consensus' : word)),
    );
    const [head] = found.methods;
    expect(head!.nmi.mean).toBeNull();
    expect(head!.labelFree['clusterUsage.entropy']!.mean).toBeGreaterThan(0);
    expect(found.baselines).not.toHaveProperty('modelKmeans');
    expect(found.likelyOrder).toEqual([]);
    expect(found.protocol['views agree']).toContain('Rows of tiny have none');
  }, 400_000);
});
