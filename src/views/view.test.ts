import { describe, expect, it } from 'vitest';
import { randomAt } from '../core/random.ts';
import { blank, fixture, largestDifference, unpack } from './fixture.cases.ts';
import { parseViews } from './spec.ts';
import { drawView, makeView, renderView } from './view.ts';

const source = unpack(fixture.images.large);

describe('renderView', () => {
  // Reference: the same chain in torchvision on Pillow images. Tolerance: none.
  it('applies every step in the order drawn, as torchvision', () => {
    const box = { left: 30, top: 11, width: 81, height: 70 };
    const colored = [
      { kind: 'flip' },
      {
        kind: 'colorJitter',
        changes: [
          { what: 'contrast', by: 0.7 },
          { what: 'saturation', by: 1.3 },
          { what: 'brightness', by: 1.25 },
          { what: 'hue', by: -0.07 },
        ],
      },
    ] as const;
    const blurred = [...colored, { kind: 'gaussianBlur', sigma: 1.1, algorithm: 'box' }] as const;
    const finished = [
      ...blurred,
      { kind: 'grayscale' },
      { kind: 'solarize', threshold: 128 },
    ] as const;
    for (const [steps, result] of [
      [colored, fixture.view.colored],
      [blurred, fixture.view.blurred],
      [finished, fixture.view.finished],
    ] as const) {
      const target = blank(48);
      renderView(source, { box, steps }, target);
      expect(largestDifference(target, result)).toBe(0);
    }
  });
});

const crop = parseViews({
  crops: [
    {
      count: 1,
      size: 20,
      scale: [0.14, 1],
      steps: [
        { kind: 'flip' },
        { kind: 'colorJitter', brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
        { kind: 'grayscale' },
      ],
    },
  ],
  normalize: { mean: [0, 0, 0], std: [1, 1, 1] },
}).crops[0]!;

describe('makeView', () => {
  const position = { seed: 1, epoch: 2, image: 3, view: 4 };
  const bytes = (changed: Partial<typeof position>) => {
    const out = new Uint8Array(3 * 20 * 20);
    makeView(source, crop, { ...position, ...changed }, out);
    return Buffer.from(out).toString('base64');
  };

  it('is a pure function of its position, and of each part of it', () => {
    expect(bytes({})).toBe(bytes({}));
    expect(bytes({ seed: 9 })).not.toBe(bytes({}));
    expect(bytes({ epoch: 9 })).not.toBe(bytes({}));
    expect(bytes({ image: 9 })).not.toBe(bytes({}));
    expect(bytes({ view: 9 })).not.toBe(bytes({}));
  });

  it('writes only its own part of the target', () => {
    const out = new Uint8Array(3 * 20 * 20 + 20).fill(7);
    makeView(source, crop, position, out, 10);
    expect([...out.subarray(0, 10), ...out.subarray(10 + 1200)]).toEqual(Array(20).fill(7));
    expect(Buffer.from(out.subarray(10, 10 + 1200)).toString('base64')).toBe(bytes({}));
  });
});

describe('drawView', () => {
  it('lists the steps that happen in the order of the specification', () => {
    const order = crop.steps.map(({ kind }) => kind);
    for (let image = 0; image < 200; image++) {
      const kinds = drawView(150, 113, crop, randomAt(0, 'view', 0, image)).steps.map(
        ({ kind }) => kind,
      );
      expect(kinds).toEqual(order.filter((kind) => kinds.includes(kind)));
    }
  });
});
