/** Configuration of a run for tests. */
import { defaultEncoder } from '../encoders/index.ts';
import type { FeaturesConfig } from './runConfig.ts';

export const featuresConfig: FeaturesConfig = {
  kind: 'features',
  source: { path: '/photos', name: 'photos', kind: 'folder' },
  ...{ split: 'train', images: 30, notes: ['a note'], threads: 2 },
  ...{ encoder: defaultEncoder('patches'), imageSize: 32, seed: 0, workers: 1 },
};
