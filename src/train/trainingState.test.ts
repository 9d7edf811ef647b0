import { expect, it } from 'vitest';
import {
  methodNamed,
  methodNames,
  methodProgram,
  resolveSettings,
  stateShapes,
} from '../methods/index.ts';
import { maxCheckpointBytes, runFolderAt } from '../run/index.ts';
import { toCheckpoint } from './trainingState.ts';

const IMAGES = 3000;

it.each(methodNames)('bounds the checkpoints of %s just above what they have', (name) => {
  const settings = resolveSettings({
    encoder: { architecture: 'resnet10', ...methodNamed(name).recipe.encoder, width: 4 },
    method: { name },
    views: { crops: [{ count: methodNamed(name).crops === 'single' ? 1 : 2, size: 32 }] },
  });
  const method = methodProgram(settings, { images: IMAGES, extra: undefined });
  const state = method.initialState(0);
  const doctor = { usage: new Float32Array(512), loss: 1, seen: 1 };
  const training = { step: 1, state, health: 'learning', seconds: 0, plan: {}, doctor } as never;
  const { tensors } = toCheckpoint(training, { settings, method, stepsPerEpoch: 1 });
  const bytes = Object.values(tensors).reduce((sum, { data }) => sum + data.byteLength, 0);
  const most = maxCheckpointBytes(runFolderAt('run'), { settings, images: IMAGES });
  expect(bytes).toBeGreaterThan(0);
  expect(stateShapes(method).size).toBeGreaterThan(5);
  expect(bytes).toBeLessThanOrEqual(most);
  expect(most - bytes).toBeLessThanOrEqual(2 ** 24);
});
