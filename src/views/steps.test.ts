import { describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { fixture, largestDifference, planesOf } from './fixture.cases.ts';
import type { Step } from './spec.ts';
import { applyStep, drawStep } from './steps.ts';

// Reference: torchvision on Pillow images. Tolerance: none, every byte equal.
describe('applyStep', () => {
  it('flips as torchvision', () => {
    const image = planesOf('color');
    applyStep(image, { kind: 'flip' });
    expect(largestDifference(image, fixture.flip)).toBe(0);
    applyStep(image, { kind: 'flip' });
    expect(image.data).toEqual(planesOf('color').data);
  });

  it('removes color as torchvision', () => {
    const image = planesOf('color');
    applyStep(image, { kind: 'grayscale' });
    expect(largestDifference(image, fixture.grayscale)).toBe(0);
  });

  it.each(fixture.solarize)(
    'solarizes from $threshold upwards as torchvision',
    ({ threshold, result }) => {
      const image = planesOf('color');
      applyStep(image, { kind: 'solarize', threshold });
      expect(largestDifference(image, result)).toBe(0);
    },
  );
});

describe('drawStep', () => {
  it.each<Step>([
    { kind: 'flip', p: 0.5 },
    { kind: 'colorJitter', p: 0.8, brightness: 0.4, contrast: 0, saturation: 0, hue: 0 },
    { kind: 'grayscale', p: 0.2 },
    { kind: 'gaussianBlur', p: 0.5, sigma: [0.1, 2], algorithm: 'box' },
    { kind: 'solarize', p: 0.1, threshold: 128 },
    { kind: 'affine', p: 0.7, rotation: 10, shift: 0.1, zoom: [0.9, 1.1], shear: 0 },
    { kind: 'channelShift', p: 0.3, by: 0.1 },
    { kind: 'noise', p: 0.4, deviation: 0.1 },
  ])('$kind happens with probability $p', (step) => {
    let happened = 0;
    const n = 4000;
    for (let i = 0; i < n; i++) {
      const drawn = drawStep(step, randomAt(3, 'view', 1, i));
      if (drawn === undefined) continue;
      happened++;
      expect(drawn.kind).toBe(step.kind);
    }
    expect(Math.abs(happened / n - step.p)).toBeLessThan(0.04); // 5 standard deviations
  });

  it('always and never at probability 1 and 0', () => {
    for (let i = 0; i < 200; i++) {
      expect(drawStep({ kind: 'flip', p: 1 }, randomAt(3, 'view', 1, i))).toBeDefined();
      expect(drawStep({ kind: 'flip', p: 0 }, randomAt(3, 'view', 1, i))).toBeUndefined();
    }
  });
});
