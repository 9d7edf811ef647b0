/**
 * Each line that a method stands on, broken, fails a test: the tables are the files beside this
 * one.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../repository.cases.ts';
import { mutations } from './all.cases.ts';
import type { Broken, Ran } from './broken.process.cases.ts';
import { editOf, type Mutation } from './mutation.cases.ts';

let runner: ChildProcess;

beforeAll(() => {
  // The outer run's variables would make the inner Vitest take itself for its worker.
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('VITEST'));
  runner = fork(join(root, 'test/mutations/broken.process.cases.ts'), {
    cwd: root,
    env: Object.fromEntries(inherited),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
});
afterAll(async () => {
  const ended = once(runner, 'exit');
  runner.disconnect();
  await ended;
});

/** Runs the tests that a mutation names, with its line broken. */
async function testsWith(mutation: Mutation): Promise<Ran> {
  const [file, name] = mutation.caughtBy;
  const answered = new AbortController();
  const { signal } = answered;
  const answer = Promise.race([
    once(runner, 'message', { signal }),
    once(runner, 'exit', { signal }).then(([code]) => {
      throw new Error(`the process that runs broken tests ended with ${code}`);
    }),
  ]);
  runner.send({ edit: editOf(mutation), file, name } satisfies Broken);
  const [ran] = await answer;
  // Takes the listener back that is left; its rejection is one that the race has settled.
  answered.abort();
  return ran as Ran;
}

describe.each(Object.entries(mutations))('%s, broken', (_method, lines) => {
  it.each(lines)('$line', async (mutation) => {
    const { passed, failed, errors } = await testsWith(mutation);
    const [, name] = mutation.caughtBy;
    expect(errors, 'errors outside of tests').toEqual([]);
    expect(failed, `tests that fail (${passed.length} passed)`).not.toEqual([]);
    for (const test of failed) expect(test).toContain(name);
  });
});
