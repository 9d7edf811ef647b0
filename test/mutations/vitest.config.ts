/** Runs tests with the edit in the variable MUTATION made to the source. */
import { defineConfig } from 'vitest/config';
import { root } from '../repository.cases.ts';
import { applied, type Edit } from './mutation.cases.ts';

const edit = JSON.parse(process.env.MUTATION!) as Edit;

export default defineConfig({
  root,
  test: { include: ['src/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
  plugins: [
    {
      name: 'mutation',
      enforce: 'pre',
      transform: (code, id) => (id.endsWith(`/${edit.file}`) ? applied(edit, code) : undefined),
    },
  ],
});
