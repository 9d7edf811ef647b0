import { describe, expect, it } from 'vitest';
import { findLauncher, graceText } from './launcher.ts';
import { libraryFiles, shortVersion } from './library.ts';

describe('findLauncher', () => {
  it.each<[string, Record<string, string>, object | undefined]>([
    ['nothing', { PATH: '/bin' }, undefined],
    ["a batch job's own process", { SLURM_PROCID: '0', SLURM_NTASKS: '4' }, undefined],
    [
      'Open MPI',
      { OMPI_COMM_WORLD_SIZE: '4', OMPI_COMM_WORLD_RANK: '1', PMIX_RANK: '1' },
      { name: "Open MPI's mpirun", rank: 1, size: 4, family: 'Open MPI' },
    ],
    [
      'MPICH',
      { PMI_RANK: '0', PMI_SIZE: '2' },
      { name: "MPICH's mpiexec", rank: 0, size: 2, family: 'MPICH' },
    ],
    [
      'Slurm with PMI',
      { PMI_RANK: '0', PMI_SIZE: '8', SLURM_PROCID: '0' },
      { name: "Slurm's srun (PMI)", rank: 0, size: 8 },
    ],
    [
      'Slurm with PMIx',
      { PMIX_RANK: '0', SLURM_PROCID: '0', SLURM_NTASKS: '8' },
      { name: "Slurm's srun (PMIx)", rank: 0, size: 8 },
    ],
    ['another PMIx launcher', { PMIX_RANK: '0' }, { name: 'a PMIx launcher', rank: 0 }],
  ])('finds %s', (_, environment, expected) => {
    expect(findLauncher(environment)).toEqual(expected);
  });
});

describe('graceText', () => {
  const ofOpenMpi = { OMPI_COMM_WORLD_SIZE: '2', OMPI_COMM_WORLD_RANK: '0' };
  const told = (seconds: string) =>
    graceText({ ...ofOpenMpi, OMPI_MCA_odls_base_sigkill_timeout: seconds });

  it('warns of an mpirun that does not wait for a run to be saved', () => {
    expect(graceText(ofOpenMpi)).toMatch(/^mpirun ends all ranks 1 second after Ctrl-C/);
    expect(told('3')).toMatch(/^mpirun ends all ranks 3 seconds after Ctrl-C/);
  });
  it('is silent where there is time, and for other launchers', () => {
    expect(told('60')).toBeUndefined();
    expect(graceText({ PMI_RANK: '0', PMI_SIZE: '2' })).toBeUndefined();
    expect(graceText({})).toBeUndefined();
  });
});

describe('libraryFiles', () => {
  const linux = { platform: 'linux', named: '' } as const;
  it("begins with the launcher's family", () => {
    expect(libraryFiles(undefined, linux)[0]).toBe('libmpi.so.40');
    expect(libraryFiles({ name: 'x', family: 'MPICH' }, linux)[0]).toBe('libmpich.so.12');
    expect(libraryFiles({ name: 'x', family: 'MPICH' }, linux)).toContain('libmpi.so.40');
  });
  it('is the named file alone', () => {
    expect(libraryFiles(undefined, { named: '/opt/libmpi.so' })).toEqual(['/opt/libmpi.so']);
  });
  it('has no names for other platforms', () => {
    expect(libraryFiles(undefined, { platform: 'aix', named: '' })).toEqual([]);
  });
});

describe('shortVersion', () => {
  it.each([
    [
      'Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022',
      'Open MPI 4.1.4',
    ],
    ['MPICH Version:\t4.0.2', 'MPICH 4.0.2'],
    ['Intel(R) MPI Library 2021.5 for Linux* OS', 'Intel(R) MPI Library 2021.5 for Linux* OS'],
  ])('of %s', (text, expected) => {
    expect(shortVersion(text)).toBe(expected);
  });
});
