/** The program that has started this process as one of several ranks, by its environment. */

/** Launcher of ranks. */
export interface Launcher {
  /** Name for people. */
  readonly name: string;
  /** Rank of this process, where the launcher tells it to the process. */
  readonly rank?: number;
  /** Number of ranks; undefined where the launcher tells it to the library alone. */
  readonly size?: number;
  /** MPI whose launcher it is; undefined for launchers that serve several. */
  readonly family?: 'Open MPI' | 'MPICH';
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds the launcher of this process: `mpirun` of Open MPI, `mpiexec` of MPICH and of its kin, or
 * Slurm's `srun` with PMIx. Undefined for a process that was started alone.
 */
export function findLauncher(environment: Environment = process.env): Launcher | undefined {
  const numberOf = (name: string) => {
    const value = Number(environment[name] || undefined);
    return Number.isInteger(value) && value >= 0 ? value : undefined;
  };
  const isSlurm = environment.SLURM_PROCID !== undefined;
  if (environment.OMPI_COMM_WORLD_SIZE !== undefined) {
    return {
      name: "Open MPI's mpirun",
      rank: numberOf('OMPI_COMM_WORLD_RANK'),
      size: numberOf('OMPI_COMM_WORLD_SIZE'),
      family: 'Open MPI',
    };
  }
  if (environment.PMI_SIZE !== undefined || environment.PMI_RANK !== undefined) {
    const place = { rank: numberOf('PMI_RANK'), size: numberOf('PMI_SIZE') };
    return isSlurm
      ? { name: "Slurm's srun (PMI)", ...place }
      : { name: "MPICH's mpiexec", ...place, family: 'MPICH' };
  }
  if (environment.PMIX_RANK === undefined) return undefined;
  const rank = numberOf('PMIX_RANK');
  return isSlurm
    ? { name: "Slurm's srun (PMIx)", rank, size: numberOf('SLURM_NTASKS') }
    : { name: 'a PMIx launcher', rank };
}

/** Variable of Open MPI with the seconds between a signal to `mpirun` and the end of its ranks. */
const GRACE_VARIABLE = 'OMPI_MCA_odls_base_sigkill_timeout';
/** Seconds in which a step of small networks ends and their run is saved. */
const ENOUGH_SECONDS = 5;

/**
 * Sentence about a launcher that ends ranks before they have saved; undefined where it waits. Open
 * MPI's `mpirun` waits for one second unless it is told otherwise.
 */
export function graceText(environment: Environment = process.env): string | undefined {
  if (findLauncher(environment)?.family !== 'Open MPI') return undefined;
  const seconds = Number(environment[GRACE_VARIABLE] ?? 1);
  if (seconds >= ENOUGH_SECONDS) return undefined;
  return (
    `mpirun ends all ranks ${seconds === 1 ? '1 second' : `${seconds} seconds`} after Ctrl-C or ` +
    'SIGTERM, which may be too short to save the run. Start it with ' +
    `${GRACE_VARIABLE}=10 in its environment`
  );
}
