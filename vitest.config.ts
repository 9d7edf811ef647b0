import { defineConfig } from 'vitest/config';

const slow = '**/*.slow.test.ts';

/**
 * `npm test` runs the project fast, `npm run test:slow` the project slow; plain `vitest run` runs
 * both.
 */
export default defineConfig({
  test: {
    // ONNX Runtime's own threads use every core: more than two test files at once overload two
    // cores.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: { name: 'fast', include: ['{src,test,ui/src}/**/*.test.ts'], exclude: [slow] },
      },
      { extends: true, test: { name: 'slow', include: [`{src,test}/${slow}`] } },
    ],
  },
});
