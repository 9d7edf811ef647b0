import type { Method } from './method.ts';

export const byol: Method = {
  about: '',
  crops: 'pair',
  recipe: {},
  program() {
    throw new Error('not written yet');
  },
  head() {
    throw new Error('not written yet');
  },
};
