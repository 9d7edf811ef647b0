/** The generated pages are what the program would write now. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pages } from '../docs/pages.ts';
import { valueText } from '../docs/values.ts';
import { flatSettings, headNames, methodNamed, methodNames } from '../src/methods/index.ts';

const root = new URL('../', import.meta.url);

describe('the documentation', () => {
  for (const [path, content] of Object.entries(pages())) {
    it(`${path} is up to date (npm run docs)`, () => {
      expect(readFileSync(new URL(path, root), 'utf8')).toBe(content);
    });
  }

  it.each([...methodNames, ...headNames])(
    'takes every value of the recipe of %s from the code',
    (method) => {
      const page = readFileSync(new URL(`docs/methods/${method}.template.md`, root), 'utf8');
      // SwAV's recipe is that of the presets, whose values stand in its table.
      const named =
        method === 'swav'
          ? []
          : ['optimizer', 'learningRate', ...Object.keys(flatSettings(methodNamed(method).recipe))];
      for (const setting of named) expect(page).toContain(`<!-- value ${method}.${setting} -->`);
      expect(page).toMatch(/<!-- value \S+\.learningRate -->/);
    },
  );

  it('shows values as people read them, and refuses what is none', () => {
    expect(valueText('swav-imagenet.crops')).toBe('2x224 + 6x96');
    expect(valueText('hcsc.clusters')).toBe('600, 400, 200');
    expect(valueText('moco-v2-imagenet.queueLength')).toBe('65,536');
    expect(valueText('byol-imagenet.weightDecay')).toBe('1.5e-6');
    expect(valueText('byol-imagenet.optimizer')).toBe('LARS');
    expect(() => valueText('byol.learningrate')).toThrow('not a setting');
    expect(() => valueText('byol.batchSize')).toThrow("a preset's");
    expect(() => valueText('byoll.learningRate')).toThrow('byoll');
  });
});
