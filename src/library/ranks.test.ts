/** A launcher's only process trains alone, without a library of MPI. */
import { afterEach, expect, it, vi } from 'vitest';
import { openMany } from './ranks.ts';

afterEach(() => vi.unstubAllEnvs());

it.each([
  ['no launcher', {}],
  ["one task of Slurm's srun", { SLURM_PROCID: '0', SLURM_NTASKS: '1', PMIX_RANK: '0' }],
  ['one rank of mpirun', { OMPI_COMM_WORLD_SIZE: '1', OMPI_COMM_WORLD_RANK: '0' }],
])('loads nothing for %s', async (_, environment) => {
  // A library that is loaded would be missed.
  vi.stubEnv('LIKENESS_MPI', 'libnothing.so');
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  expect(await openMany()).toBeUndefined();
});

it('needs a library for several ranks', async () => {
  vi.stubEnv('LIKENESS_MPI', 'libnothing.so');
  vi.stubEnv('OMPI_COMM_WORLD_SIZE', '2');
  await expect(openMany()).rejects.toMatchObject({ code: expect.stringMatching(/^mpi\./) });
});
