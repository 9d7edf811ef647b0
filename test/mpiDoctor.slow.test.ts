/** `likeness doctor mpi` as a process: with and without MPI, koffi and ranks. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { mpirun, whyWithoutMpi } from '../src/collectives/mpi/mpirun.cases.ts';
import type { MpiFacts } from '../src/likeness.ts';
import { openWorkplace } from './likeness.cases.ts';
import { root } from './repository.cases.ts';

const workplace = openWorkplace();
afterAll(() => workplace.remove());

const reason = whyWithoutMpi();
if (reason !== undefined) console.warn(`Tests of MPI are skipped, because ${reason}.`);

/** Hides koffi from a process, as where npm could not install it. */
const hidesKoffi =
  'data:text/javascript,import{registerHooks}from"node:module";registerHooks({resolve(name,of,next)' +
  '{if(name==="koffi")throw new Error("Cannot find package koffi");return next(name,of)}})';

describe('doctor mpi', () => {
  it('says what is missing without koffi', async () => {
    const node = { options: ['--import', hidesKoffi] };
    const { code, stdout } = await workplace.startWith(node, 'doctor', 'mpi').ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^library {3}none\nkoffi {5}not used\n/);
    expect(stdout).toMatch(/^missing .*no usable package koffi .*Run npm install koffi$/m);
  });

  it('says what is missing without a library and a launcher', async () => {
    const node = { options: [], env: { LIKENESS_MPI: 'libnothing.so', PATH: workplace.path } };
    const { code, stdout, stderr } = await workplace.startWith(node, 'doctor', 'mpi', '--json')
      .ended;
    expect(code, stderr).toBe(0);
    const { library, launchers, ranks, missing } = JSON.parse(stdout) as MpiFacts;
    expect([library, launchers, ranks.length]).toEqual([null, [], 1]);
    expect(missing.at(-1)).toContain('received none of mpirun, mpiexec, srun in PATH');
    // Without koffi it is the first thing that is missing.
    if (reason === undefined) expect(missing[0]).toContain('no MPI library (tried libnothing.so)');
  });

  it('refuses another part', async () => {
    const { code, stderr } = await workplace.run('doctor', 'gpu');
    expect(code).toBe(2);
    expect(stderr).toContain('part: received "gpu"; expected mpi');
  });

  it.skipIf(reason !== undefined)('examines two ranks, of which rank 0 prints', async () => {
    const main = join(root, 'src/cli/main.ts');
    const { code, stdout, stderr } = await mpirun(2, main, 'doctor', 'mpi', '--json');
    expect(code, stderr).toBe(0);
    // A second line of a second rank would not be JSON.
    const facts = JSON.parse(stdout) as MpiFacts;
    expect(facts).toMatchObject({ rank: 0, launcher: "Open MPI's mpirun" });
    expect(facts.ranks.map(({ rank, host }) => [rank, host])).toEqual([
      [0, hostname()],
      [1, hostname()],
    ]);
    expect(stderr.match(/^library .*Open MPI/gm)).toHaveLength(1);
  });
});
