import { describe, expect, it } from 'vitest';
import { parseViews, viewCount } from './spec.ts';

const normalize = { mean: [0, 0, 0], std: [1, 1, 1] };

describe('parseViews', () => {
  it('fills in defaults', () => {
    const steps = [{ kind: 'flip' }, { kind: 'gaussianBlur' }, { kind: 'solarize' }];
    expect(
      parseViews({ crops: [{ count: 2, size: 32, scale: [0.14, 1], steps }], normalize }).crops[0],
    ).toEqual({
      count: 2,
      size: 32,
      scale: [0.14, 1],
      ratio: [3 / 4, 4 / 3],
      steps: [
        { kind: 'flip', p: 0.5 },
        { kind: 'gaussianBlur', p: 0.5, sigma: [0.1, 2], algorithm: 'box' },
        { kind: 'solarize', p: 0.2, threshold: 128 },
      ],
    });
  });

  it('names every wrong place', () => {
    const message = (value: unknown): string => {
      try {
        parseViews(value);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    const crop = { count: 2, size: 32, scale: [0.14, 1], steps: [] };
    expect(message({ crops: [{ ...crop, scale: [0.5, 1.5] }], normalize })).toContain(
      'crops[0].scale[1]:',
    );
    expect(message({ crops: [{ ...crop, scale: [0.5, 0.2] }], normalize })).toContain(
      'crops[0].scale: the first number must not be larger',
    );
    expect(message({ crops: [{ ...crop, steps: [{ kind: 'flop' }] }], normalize })).toContain(
      'crops[0].steps[0]',
    );
    expect(message({ crops: [{ ...crop, steps: [{ kind: 'flip', q: 1 }] }], normalize })).toContain(
      '"q"',
    );
    expect(message({ crops: [], normalize: { mean: [0, 0, 0], std: [1, 0, 1] } })).toMatch(
      /crops: .*\n.*normalize\.std\[1\]/,
    );
    expect(message(undefined)).toContain('views: ');
  });
});

describe('viewCount', () => {
  it('adds the crops of all groups', () => {
    const group = { scale: [0.14, 1] as [number, number], steps: [] };
    const crops = [
      { ...group, count: 2, size: 32 },
      { ...group, count: 6, size: 16 },
    ];
    expect(viewCount(parseViews({ crops, normalize }))).toBe(8);
  });
});
