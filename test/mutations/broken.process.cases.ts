/**
 * Runs tests with a line of the source broken, as a process: it answers each message, a
 * {@link Broken}, with a {@link Ran}. One Vitest serves all messages, so that only modules that are
 * broken or mended are transformed anew.
 */
import { resolve } from 'node:path';
import { createVitest } from 'vitest/node';
import { root } from '../repository.cases.ts';
import { applied, type Edit } from './mutation.cases.ts';

/** An edit, and the tests to run with it. */
export interface Broken {
  readonly edit: Edit;
  /** The end of the path of a test file. */
  readonly file: string;
  /** A part of the names of tests. */
  readonly name: string;
}

/** Names of the tests that ran, by result, and errors outside of tests. */
export interface Ran {
  readonly passed: string[];
  readonly failed: string[];
  readonly errors: string[];
}

let edit: Edit | undefined;
const vitest = await createVitest(
  'test',
  {
    ...{ root, config: false, watch: false, reporters: [{}] },
    ...{ include: ['src/**/*.test.ts'], pool: 'threads', maxWorkers: 1 },
    ...{ testTimeout: 120_000, hookTimeout: 120_000 },
  },
  {
    plugins: [
      {
        name: 'mutation',
        enforce: 'pre',
        transform: (code, id) =>
          edit && id.endsWith(`/${edit.file}`) ? applied(edit, code) : undefined,
      },
    ],
  },
);

async function run({ edit: next, file, name }: Broken): Promise<Ran> {
  for (const changed of [edit, next])
    if (changed) vitest.invalidateFile(resolve(root, changed.file));
  edit = next;
  vitest.setGlobalTestNamePattern(name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const specifications = await vitest.globTestSpecifications([`/${file}`]);
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
  // Modules of earlier messages are listed too.
  const ran = testModules.filter(({ moduleId }) =>
    specifications.some((specification) => specification.moduleId === moduleId),
  );
  const tests = ran.flatMap(({ children }) => [...children.allTests()]);
  const names = (state: string) =>
    tests.filter((test) => test.result().state === state).map(({ fullName }) => fullName);
  const errors = [...ran.flatMap((module) => module.errors()), ...unhandledErrors];
  return {
    passed: names('passed'),
    failed: names('failed'),
    errors: errors.map((error) => String((error as Error).message)),
  };
}

process.on('message', async (message: Broken) => {
  process.send!(await run(message));
});
process.on('disconnect', () => vitest.close());
