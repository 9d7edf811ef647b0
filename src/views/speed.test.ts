import { expect, it } from 'vitest';
import { viewsPreset } from './presets.ts';
import { measureViews } from './speed.ts';

it('counts images and views per second', () => {
  const { views } = viewsPreset('swav-32');
  const { imagesPerSecond, viewsPerSecond } = measureViews({ views, width: 32, height: 32, seconds: 0.05 });
  expect(imagesPerSecond).toBeGreaterThan(0);
  expect(viewsPerSecond).toBe(2 * imagesPerSecond);
});
