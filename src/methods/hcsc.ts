import type { Method } from './method.ts';

export const hcsc: Method = {
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
