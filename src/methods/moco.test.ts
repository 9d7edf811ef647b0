import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { input } from '../tensor/index.ts';
import { resolveSettings } from './index.ts';
import { moco } from './moco.ts';
import { context, expectStoredStep, keys } from './stepFixture.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

describe('MoCo', () => {
  it('agrees with a whole step in PyTorch: key encoder moved first, its own statistics, queue pushed', async () => {
    await expectStoredStep(engine, 'moco_step', (images) => moco.build(keys, context(), [images]));
  });

  it('starts with a key encoder equal to the encoder, and gives back the encoder alone', () => {
    const { initialState, encoderState } = moco.build(keys, context(), [
      input('crops.0', [16, 3, 16, 16]),
    ]);
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
    const { randomBaselineLoss } = moco.build(keys, context(), [input('crops.0', [16, 3, 16, 16])]);
    expect(randomBaselineLoss).toBeCloseTo(Math.log(21), 12);
  });

  it('refuses to go without a queue', () => {
    expect(() => resolveSettings({ method: { name: 'moco', queueLength: 0 } })).toThrow(
      /queueLength: received 0; .*>=1/,
    );
  });
});
