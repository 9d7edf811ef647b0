/**
 * Each line that a method stands on, broken, fails a test: the tables are the files beside this
 * one.
 */
import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { root } from '../repository.cases.ts';
import { mutations } from './all.cases.ts';
import { editOf, type Mutation } from './mutation.cases.ts';

interface Report {
  testResults: { assertionResults: { status: string; fullName: string }[] }[];
}

/** Names of the tests that ran with the line broken, by whether they failed. */
async function testsWith(mutation: Mutation): Promise<{ passed: string[]; failed: string[] }> {
  const [file, name] = mutation.caughtBy;
  const pattern = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const args = ['run', `/${file}`, '-t', pattern, '--config', 'test/mutations/vitest.config.ts'];
  // The outer run's variables would make the inner one take itself for its worker.
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('VITEST'));
  const env = { ...Object.fromEntries(inherited), MUTATION: JSON.stringify(editOf(mutation)) };
  const stdout = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', ...args, '--reporter=json'],
      { cwd: root, env, maxBuffer: 1 << 26 },
      (_failed, out) => resolve(out),
    );
  });
  const report = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Report;
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const of = (status: string) =>
    tests.filter((test) => test.status === status).map((test) => test.fullName);
  return { passed: of('passed'), failed: of('failed') };
}

describe.each(Object.entries(mutations))('%s, broken', (_method, lines) => {
  it.concurrent.each(lines)('$line', async (mutation) => {
    const { passed, failed } = await testsWith(mutation);
    const [, name] = mutation.caughtBy;
    expect(failed, `tests that fail (${passed.length} passed)`).not.toEqual([]);
    for (const test of failed) expect(test).toContain(name);
  });
});
