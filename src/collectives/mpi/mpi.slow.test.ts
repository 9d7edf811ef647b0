/** The suite and faults under `mpirun`. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { expectPassed, type RankResult } from '../suite.cases.ts';
import { mpirun, whyWithoutMpi } from './mpirun.cases.ts';

const reason = whyWithoutMpi();
if (reason !== undefined) console.warn(`Tests of MPI are skipped, because ${reason}.`);
const folder = mkdtempSync(join(tmpdir(), 'likeness-mpi-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describe.skipIf(reason !== undefined)('MPI', () => {
  it.each([1, 2, 3, 4])('passes the suite on %i ranks', async (size) => {
    const out = mkdtempSync(join(folder, 'suite-'));
    const { code, stderr } = await mpirun(size, pathOf('../suite.process.cases.ts'), out);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const results = readdirSync(out).map(
      (file) => JSON.parse(readFileSync(join(out, file), 'utf8')) as RankResult,
    );
    expectPassed(results, size);
  });

  it.each([
    ['throws', `error on rank 1 (${hostname()}), which ends all ranks: no space left on the disk`],
    ['exits', `error on rank 1 (${hostname()}), which ends all ranks: the process ended with exit`],
    ['is killed', 'exited on signal 9'],
    [
      'leaves',
      `received close on rank 1 (${hostname()}); expected allReduce (sum) of 8 float32 values as ` +
        `on rank 0 (${hostname()})`,
    ],
    [
      'calls another collective',
      `received barrier on rank 1 (${hostname()}); expected allReduce (sum) of 8 float32 values ` +
        `as on rank 0 (${hostname()})`,
    ],
  ])(
    'ends all ranks with the reason when a rank %s',
    async (fault, expected) => {
      const { code, stderr } = await mpirun(2, pathOf('../fault.process.cases.ts'), fault);
      expect(code).not.toBe(0);
      expect(stderr).toContain(expected);
      expect(stderr.split('which ends all ranks').length).toBeLessThanOrEqual(2);
    },
    60_000,
  );
});
