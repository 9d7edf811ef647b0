/** The tests' configuration with one line of the source replaced: that of the mutation in the variable MUTATION. */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

const { file, from, to } = JSON.parse(process.env.MUTATION!) as Record<'file' | 'from' | 'to', string>;

export default mergeConfig(
  base,
  defineConfig({
    root: new URL('../..', import.meta.url).pathname,
    plugins: [
      {
        name: 'mutation',
        enforce: 'pre',
        transform: (code, id) => (id.endsWith(`/${file}`) ? code.replace(from, () => to) : undefined),
      },
    ],
  }),
);
