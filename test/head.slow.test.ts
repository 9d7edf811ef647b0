/** A head on a pretrained model by the command line: killed, resumed, evaluated, assigned. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyModel } from '../src/encoders/models/tinyModel.cases.ts';
import { openWorkplace, textureKinds, writeTextures } from './likeness.cases.ts';
import { runHere } from './runHere.cases.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const IMAGES = 60;
const settings = ['--set', 'maxSteps=200', '--set', 'checkpointSeconds=0', '--set', 'batchSize=16'];
const given = ['-k', '3', ...settings];

async function json(...args: string[]) {
  const ended = await runHere(workplace, ...args, '--json');
  expect(ended.code, ended.stderr).toBe(0);
  return JSON.parse(ended.stdout);
}
const lastCheckpoint = (run: string) => {
  const names = readdirSync(at(run, 'checkpoints')).sort();
  return readFileSync(at(run, 'checkpoints', names.at(-1)!));
};

beforeAll(async () => {
  await writeTextures(at('pictures'), IMAGES, textureKinds);
  writeFileSync(at('tiny.onnx'), tinyModel({ size: 32 }));
});
afterAll(() => workplace.remove());

describe('likeness train --encoder', () => {
  it('makes a run, with the same bytes after a kill', async () => {
    const made = await json(
      'train',
      'pictures',
      '--backbone',
      'tiny.onnx',
      ...given,
      '--out',
      'run',
    );
    expect(made).toMatchObject({ outcome: 'finished', steps: 200, run: at('run') });
    expect(made.settings).toMatchObject({ architecture: 'pretrained', dimension: 8, clusters: 3 });
    const started = workplace.start(
      ...['train', 'pictures', '--encoder', 'tiny.onnx', ...given, '--out', 'killed'],
    );
    const isTraining = () => {
      try {
        return readdirSync(at('killed', 'checkpoints')).some((name) => name.startsWith('step-'));
      } catch {
        return false;
      }
    };
    while (!isTraining() && started.process.exitCode === null) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    started.process.kill('SIGKILL');
    await started.ended;
    const resumed = await json('train', 'pictures', '--out', 'killed', '--resume');
    expect(resumed).toMatchObject({ outcome: 'finished', steps: 200 });
    expect(lastCheckpoint('killed')).toEqual(lastCheckpoint('run'));
  }, 600_000);

  it('gives clusters that are evaluated beside plain k-means, and assigned', async () => {
    const scores = await json('evaluate', 'pictures', '--run', 'run', '-k', '3');
    expect(scores.encoder.title).toBe('ensemble on tiny');
    for (const value of [scores.acc, scores.nmi, scores.ari, scores.knn.accuracy]) {
      expect(value).toEqual(expect.any(Number));
    }
    const { kmeans, ...others } = scores.baselines;
    expect(Object.keys(others).sort()).toEqual(
      ['patches', 'rawPixels', 'untrained', ['colo', 'rHistogram'].join('u')].sort(),
    );
    expect(kmeans.knn.accuracy).toBe(scores.knn.accuracy);
    const clusters = await json('cluster', 'pictures', '--run', 'run', '--no-open');
    expect(clusters.by).toBe('head');
    const assigned = await json('assign', 'pictures', '--run', 'run');
    expect(assigned.images ?? assigned).toHaveLength(IMAGES);

    // The same features without a head have the same k-means beside them.
    const started = ['--encoder', 'tiny.onnx', '--out', 'plain', '-k', '3', '--no-open'];
    await json('start', 'pictures', ...started);
    const plain = await json('evaluate', 'pictures', '--run', 'plain', '-k', '3');
    expect(plain.baselines.kmeans).toMatchObject({ acc: kmeans.acc, nmi: kmeans.nmi });
    expect(plain.knn).toEqual(scores.knn);
  }, 600_000);
});
