/** A run whose stages have steps of their own, stopped without warning, through the facade. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openModel, type TrainEvent, type TrainOptions, train } from '../src/likeness.ts';
import {
  contrastThenCluster,
  useContrastThenCluster,
} from '../src/train/contrastThenCluster.cases.ts';
import { openWorkplace, writeTextures } from './likeness.cases.ts';

useContrastThenCluster();
const place = openWorkplace();
const at = (...names: string[]) => join(place.path, ...names);
const pictures = at('pictures');
afterAll(() => place.remove());

/** 48 pictures in batches of 8: 6 steps per epoch, 2 epochs of contrast and 2 of clusters. */
const BORDER = 12;
const STEPS = 24;
const settings: TrainOptions['settings'] = {
  data: { batchSize: 8, imageSize: 16 },
  views: { crops: [{ count: 2, size: 16 }], scales: [[0.3, 1]] },
  encoder: { architecture: 'resnet10', width: 4, stem: 'cifar' },
  run: { threads: 1, checkpointSeconds: 0, keepCheckpoints: 1000, measures: 'epochs' },
  method: { hiddenDim: 8, embeddingDim: 4 },
};
const training = (out: string, more: TrainOptions = {}) =>
  train(pictures, { method: contrastThenCluster, epochs: 4, settings, out: at(out), ...more });
const checkpoint = (out: string, step = STEPS) =>
  readFileSync(at(out, 'checkpoints', `step-${String(step).padStart(10, '0')}.safetensors`));
const eventsOf = (out: string): { kind: string; step: number; loss: number }[] =>
  readFileSync(at(out, 'events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const lossesOf = (out: string) =>
  eventsOf(out).flatMap(({ kind, step, loss }) => (kind === 'step' ? [[step, loss]] : []));

beforeAll(async () => {
  await writeTextures(pictures, 48);
  await training('whole', { snapshots: [0.25], saveGraph: true });
});

describe('a run of two stages', () => {
  it('writes both steps, the stages, and a snapshot of the first', async () => {
    const graphs = readdirSync(at('whole')).filter((name) => name.endsWith('.onnx'));
    expect(graphs.sort()).toEqual(['step-from-epoch-3.onnx', 'step.onnx']);
    const stages = eventsOf('whole').filter(({ kind }) => kind === 'stage');
    expect(stages).toMatchObject([
      { stage: 'contrast', step: 0 },
      { stage: 'cluster', step: BORDER, epoch: 2, empty: expect.any(Number) },
    ]);
    expect(readdirSync(at('whole', 'snapshots'))).toEqual(['step-0000000006.safetensors']);
  });

  it.each([3, BORDER - 1, BORDER, BORDER + 1, 20])(
    'stopped without warning after step %i, goes on to the same bytes',
    async (step) => {
      const out = `stopped-${step}`;
      const onEvent = (event: TrainEvent) => {
        if (event.kind === 'step' && event.step === step + 1) throw new Error('stopped');
      };
      await expect(training(out, { onEvent })).rejects.toThrow('stopped');
      expect(readdirSync(at(out, 'checkpoints')).at(-1)).toContain(`${step}.safetensors`);
      await training(out, { resume: true });
      expect(checkpoint(out).equals(checkpoint('whole'))).toBe(true);
      expect(lossesOf(out)).toEqual(lossesOf('whole'));
    },
  );

  it('can be used in its first stage, with embeddings and clusters', async () => {
    const stop = new AbortController();
    const onEvent = (event: TrainEvent) =>
      event.kind === 'step' && event.step === 4 && stop.abort();
    await training('early', { onEvent, signal: stop.signal });
    const model = await openModel(at('early'));
    expect(model.step).toBe(4);
    const groups = await model.cluster(pictures);
    expect(groups.assignments).toHaveLength(48);
  });
});
