import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { input } from '../tensor/index.ts';
import { methodProgram, resolveSettings } from './index.ts';
import { mocoStep } from './moco.ts';
import { expectStoredStep, shared } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const options = { ...shared, queueLength: 20 };

describe('MoCo', () => {
  it('agrees with a whole step in PyTorch: key encoder moved first, its own statistics, queue pushed', async () => {
    await expectStoredStep(engine, 'moco_step', (images) => mocoStep(images, options));
  });

  it('starts with a key encoder equal to the encoder, and gives back the encoder alone', () => {
    const { initialState, encoderState } = mocoStep(input('crops.0', [16, 3, 16, 16]), options);
    const state = initialState(5);
    expect(encoderState.length).toBeGreaterThan(10);
    for (const name of encoderState) {
      expect(name).not.toMatch(/^key\.|^queue$/);
      expect(state[`key.${name}`], name).toEqual(state[name]);
    }
    expect(state.queue!.length).toBe(20 * 6);
    expect(state.queue!.some((x) => x !== 0)).toBe(true);
  });

  it('knows the loss of a network that tells nothing apart: the key and the queue', () => {
    const { chanceLoss } = mocoStep(input('crops.0', [16, 3, 16, 16]), options);
    expect(chanceLoss).toBeCloseTo(Math.log(21), 12);
  });

  it('refuses to go without a queue', () => {
    const settings = resolveSettings({ method: 'moco', crops: '2x16', batchSize: 8, queueLength: 0 });
    expect(() => methodProgram(settings, { images: 100 })).toThrow(
      'queueLength: received 0; expected at least 1 for method moco',
    );
  });
});
