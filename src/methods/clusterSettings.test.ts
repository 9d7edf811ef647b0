import { expect, it } from 'vitest';
import { requireClusters } from './clusterSettings.ts';

it('refuses more clusters than images, and asks for images where one makes no clusters', () => {
  expect(() => requireClusters([2, 8], 8)).not.toThrow();
  expect(() => requireClusters([2, 9], 8)).toThrow(
    'clusters: received "2,9"; expected whole numbers from 2 to 8, the number of images',
  );
  expect(() => requireClusters([2], 1)).toThrow(
    'clusters: received "2" for 1 image; expected at least 2 images',
  );
});
