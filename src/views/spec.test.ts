import { describe, expect, it } from 'vitest';
import { viewsPreset, viewsPresetNames, viewsPresets } from './presets.ts';
import { parseViews, viewCount } from './spec.ts';

const normalise = { mean: [0, 0, 0], std: [1, 1, 1] };

describe('parseViews', () => {
  it('fills in defaults', () => {
    const steps = [{ kind: 'flip' }, { kind: 'gaussianBlur' }, { kind: 'solarise' }];
    expect(
      parseViews({ crops: [{ count: 2, size: 32, scale: [0.14, 1], steps }], normalise }).crops[0],
    ).toEqual({
      count: 2,
      size: 32,
      scale: [0.14, 1],
      ratio: [3 / 4, 4 / 3],
      steps: [
        { kind: 'flip', p: 0.5 },
        { kind: 'gaussianBlur', p: 0.5, sigma: [0.1, 2], algorithm: 'box' },
        { kind: 'solarise', p: 0.2, threshold: 128 },
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
    expect(message({ crops: [{ ...crop, scale: [0.5, 1.5] }], normalise })).toContain('crops[0].scale[1]:');
    expect(message({ crops: [{ ...crop, scale: [0.5, 0.2] }], normalise })).toContain(
      'crops[0].scale: the first number must not be larger',
    );
    expect(message({ crops: [{ ...crop, steps: [{ kind: 'flop' }] }], normalise })).toContain(
      'crops[0].steps[0]',
    );
    expect(message({ crops: [{ ...crop, steps: [{ kind: 'flip', q: 1 }] }], normalise })).toContain('"q"');
    expect(message({ crops: [], normalise: { mean: [0, 0, 0], std: [1, 0, 1] } })).toMatch(
      /crops: .*\n.*normalise\.std\[1\]/,
    );
    expect(message(undefined)).toContain('views: ');
  });
});

describe('viewsPresets', () => {
  it.each(viewsPresetNames)('%s is a valid specification that is its own normal form', (name) => {
    const { views, evaluation } = viewsPresets[name];
    expect(parseViews(JSON.parse(JSON.stringify(views)))).toEqual(views);
    expect(evaluation.resize).toBeGreaterThanOrEqual(evaluation.size);
    const sizes = views.crops.map(({ size }) => size);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a)); // big crops first
  });

  // As in the scripts that the authors of SwAV published: 2 x 224 (.14 to 1) + 6 x 96 (.05 to .14), red deviation .228.
  it("has SwAV's published views", () => {
    const { views } = viewsPreset('swav-imagenet');
    expect(viewCount(views)).toBe(8);
    expect(views.crops.map(({ count, size, scale }) => [count, size, ...scale])).toEqual([
      [2, 224, 0.14, 1],
      [6, 96, 0.05, 0.14],
    ]);
    expect(views.normalise.std[0]).toBe(0.228);
    expect(views.crops[0]!.steps).toEqual([
      { kind: 'flip', p: 0.5 },
      { kind: 'colourJitter', p: 0.8, brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2 },
      { kind: 'greyscale', p: 0.2 },
      { kind: 'gaussianBlur', p: 0.5, sigma: [0.1, 2], algorithm: 'box' },
    ]);
  });

  it('says which names there are', () => {
    expect(() => viewsPreset('swav')).toThrow(/no views named "swav".*swav-32, .*cc-imagenet-224/);
    expect(() => viewsPreset('toString')).toThrow(/no views named/);
  });
});
