import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const slow = '**/*.slow.test.ts';

/** Files that take minutes alone, longest first. */
const longest = [
  'test/pageViews',
  'test/mutations/mutations',
  'test/examples',
  'test/doctor',
  'test/gates',
  'test/signals',
  'test/kills',
  'test/bench',
  'test/compare',
  'test/records/records',
];

/** Starts the longest files first, so that none goes on alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((name) => moduleId.endsWith(`/${name}.slow.test.ts`));
      return place === -1 ? longest.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/**
 * `npm test` runs the project fast, `npm run test:slow` the project slow; plain `vitest run` runs
 * both.
 */
export default defineConfig({
  test: {
    // ONNX Runtime's own threads use every core: more than two test files at once overload two
    // cores.
    maxWorkers: 2,
    // Loading the modules anew takes a test file longer than its tests: files share them. A file
    // that replaces a module (vi.mock) does so in vain once another file has loaded it.
    isolate: false,
    setupFiles: ['test/ownCores.setup.ts'],
    sequence: { sequencer: LongestFirst },
    // Processes that tests start share their compiled code, which halves the time of a start.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'likeness-compile-cache') },
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
