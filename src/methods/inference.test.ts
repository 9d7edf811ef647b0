/** The encoder's input against the definition of torchvision's ToTensor and Normalize. */
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { input } from '../tensor/index.ts';
import { normalizeImages } from './inference.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

async function normalized(mean: [number, number, number], std: [number, number, number]) {
  const x = input('x', [1, 3, 1, 256], 'uint8');
  const executable = await engine.compile({ outputs: { y: normalizeImages(x, { mean, std }) } });
  const bytes = Uint8Array.from({ length: 3 * 256 }, (_, i) => i % 256);
  const { y } = await executable.run({ x: bytes });
  await executable.dispose();
  return y!;
}

describe('normalizeImages', () => {
  it('scales bytes to 0 … 1: 255 becomes 1', async () => {
    const y = await normalized([0, 0, 0], [1, 1, 1]);
    for (const c of [0, 1, 2]) {
      expect(y[c * 256]).toBe(0);
      expect(y[c * 256 + 255]).toBeCloseTo(1, 6);
      expect(y[c * 256 + 51]).toBeCloseTo(0.2, 6);
    }
  });

  it('subtracts the mean, then divides by the deviation, channel by channel', async () => {
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ] as [[number, number, number], [number, number, number]];
    const y = await normalized(mean, std);
    for (const c of [0, 1, 2]) {
      for (let v = 0; v < 256; v++) {
        // Float32 keeps six digits of values up to 3; 256 in place of 255 is off by a hundredth.
        expect(y[c * 256 + v]).toBeCloseTo((v / 255 - mean[c]!) / std[c]!, 5);
      }
    }
  });
});
