import type { Method } from './method.ts';

export const instdisc: Method = {
  about: '',
  crops: 'single',
  recipe: {},
  program() {
    throw new Error('not written yet');
  },
  head() {
    throw new Error('not written yet');
  },
};
