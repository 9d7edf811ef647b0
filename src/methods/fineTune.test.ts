/** A pretrained network of a file, trained further by a method. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { readOnnx } from '../formats/index.ts';
import { registerNetwork } from '../nn/index.ts';
import { fineTuneSettings } from './fineTuneSettings.ts';
import { initialEncoderState } from './initialState.ts';
import { methodProgram } from './runProgram.ts';
import type { SettingsPatch } from './settings.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const model = 'a'.repeat(64);
const facts = {
  ...{ model, dimension: 16, size: 32 },
  normalize: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
} as const satisfies Parameters<typeof fineTuneSettings>[1];

beforeAll(() => {
  const file = new URL('../../test/fixtures/graphs/resnet.onnx', import.meta.url);
  registerNetwork(model, {
    model: readOnnx(readFileSync(file)),
    channels: 'rgb',
    output: { name: 'y', pooling: 'none' },
  });
});

const B = 8;

/** A few steps on one batch: losses, and how far each variable has moved. */
async function fineTuned(given: SettingsPatch, steps: number) {
  const settings = fineTuneSettings(
    { ...given, data: { batchSize: B }, optimizer: { learningRate: 1e-3 } },
    facts,
  );
  const method = methodProgram(settings, { images: 64 });
  const [step] = method.steps;
  const first = method.initialState(0);
  const executable = await engine.compile(step.program);
  await executable.writeState(first);
  const crops = Uint8Array.from(
    { length: 2 * B * 3 * 32 * 32 },
    (_, i) => 128 + 100 * Math.sin(0.05 * i + (i % 97)),
  );
  const losses: number[] = [];
  for (let at = 0; at < steps; at++) {
    const moment = { step: at, stepsPerEpoch: 8, totalSteps: 80 };
    const feeds = { ...step.scalars(moment), ...step.draws?.(moment, 0) };
    const scalars = Object.fromEntries(
      Object.entries(feeds).map(([name, value]) => [
        name,
        typeof value === 'number' ? Float32Array.of(value) : value,
      ]),
    );
    const indices = Int32Array.from({ length: B }, (_, i) => i);
    losses.push((await executable.run({ ...scalars, 'crops.0': crops, indices })).loss![0]!);
  }
  const last = await executable.readState();
  await executable.dispose();
  const moved = (name: string) => {
    const [a, b] = [first[name]!, last[name]!];
    return Math.max(...Array.from(a, (value, i) => Math.abs(b[i]! - value)));
  };
  return { losses, moved, first, settings };
}

describe('fine-tuning', () => {
  it.each(['simclr', 'swav', 'byol'])('trains all layers of a file with %s', async (name) => {
    const { losses, moved, first } = await fineTuned({ method: { name } }, 6);
    expect(losses.every(Number.isFinite)).toBe(true);
    if (name === 'simclr') expect(losses.at(-1)!).toBeLessThan(losses[1]!);
    for (const weight of ['conv1.weight', 'layer2.conv3.weight', 'bn1.weight']) {
      expect(moved(`encoder.${weight}`), weight).toBeGreaterThan(0);
    }
    expect(moved('encoder.bn1.running_mean')).toBeGreaterThan(0);
    const stored = readOnnx(
      readFileSync(new URL('../../test/fixtures/graphs/resnet.onnx', import.meta.url)),
    );
    expect([...first['encoder.conv1.weight']!]).toEqual([
      ...stored.initializers.get('conv1.weight')!.values(),
    ]);
  });

  it('moves the first layers less, by layerDecay', async () => {
    const run = (layerDecay: number) =>
      fineTuned({ method: { name: 'simclr' }, encoder: { layerDecay } }, 2);
    const [even, decayed] = [await run(1), await run(0.01)];
    // The first step of Adam moves each weight by the learning rate, whatever its gradient is.
    const ratio = (name: string) => decayed.moved(name) / even.moved(name);
    expect(ratio('encoder.conv1.weight')).toBeCloseTo(0.01, 2);
    expect(ratio('encoder.layer2.conv3.weight')).toBeCloseTo(1, 1);
    const middle = ratio('encoder.layer1.conv3.weight');
    expect(middle).toBeGreaterThan(0.02);
    expect(middle).toBeLessThan(0.5);
  });

  it('keeps the first layers as they are, by frozenLayers', async () => {
    const given = { method: { name: 'simclr' }, encoder: { frozenLayers: 0.6 } };
    const { moved } = await fineTuned(given, 2);
    for (const part of ['conv1.weight', 'bn1.weight', 'bn1.running_mean', 'layer1.conv1.weight']) {
      expect(moved(`encoder.${part}`), part).toBe(0);
    }
    expect(moved('encoder.layer2.conv3.weight')).toBeGreaterThan(0);
  });

  it('refuses a method that learns with a network of its own', () => {
    expect(() => fineTuneSettings({ method: { name: 'decnn' } }, facts)).toThrow(
      'received "decnn" with a pretrained model; expected no model',
    );
  });

  it('has settings that open without a person, and refuses those of other networks', () => {
    const settings = fineTuneSettings({ method: { name: 'swav' } }, facts);
    expect(settings.encoder).toMatchObject({ architecture: 'imported', model, dimension: 16 });
    expect(settings.data).toMatchObject({ imageSize: 32, ...facts.normalize });
    expect(settings.views.crops).toEqual([{ count: 2, size: 32 }]);
    expect(Object.keys(initialEncoderState(settings))).toContain('encoder.conv1.weight');
    expect(() => fineTuneSettings({ encoder: { width: 8 } }, facts)).toThrow(
      'width: received a setting of another network; expected layerDecay or frozenLayers',
    );
    const unknown = fineTuneSettings({}, { ...facts, model: 'b'.repeat(64) });
    expect(() => initialEncoderState(unknown)).toThrow('expected a model that is open');
  });
});
