import type { Method } from './method.ts';

export const simsiam: Method = {
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
