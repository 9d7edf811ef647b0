import type { Method } from './method.ts';

export const deepclusterV2: Method = {
  about: '',
  crops: 'multiple',
  recipe: {},
  program() {
    throw new Error('not written yet');
  },
  head() {
    throw new Error('not written yet');
  },
};
