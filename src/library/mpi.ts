/** Facts about MPI on this machine and about the ranks that a launcher has started. */
import { accessSync, constants } from 'node:fs';
import { availableParallelism, cpus, hostname } from 'node:os';
import { delimiter, join } from 'node:path';
import {
  findLauncher,
  gatherTexts,
  type Launcher,
  loadLibrary,
  type MpiLibrary,
  openRanks,
} from '../collectives/index.ts';
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { version } from '../core/version.ts';

/** Process of one rank. */
export interface MpiRank {
  readonly rank: number;
  readonly host: string;
  /** Cores that the launcher leaves to the rank, which is the default number of threads. */
  readonly threads: number;
  /** Cores of the host. */
  readonly cores: number;
  /** Version of likeness. */
  readonly version: string;
  /** Version of Node. */
  readonly node: string;
}

/** Facts that {@link inspectMpi} has found. */
export interface MpiFacts {
  /** Rank of this process. */
  readonly rank: number;
  /** Library of MPI; null where none can be used. */
  readonly library: {
    readonly version: string;
    readonly file: string;
    /** Form of its handles, which depends on the family of the library. */
    readonly handles: string;
  } | null;
  /** Version of koffi, through which the library is called; null where it is not installed. */
  readonly koffi: string | null;
  /** Program that has started this process as a rank; null for a process that was started alone. */
  readonly launcher: string | null;
  /** Programs in PATH that start ranks. */
  readonly launchers: readonly string[];
  readonly ranks: readonly MpiRank[];
  /** Sentences about what is missing. */
  readonly missing: readonly string[];
}

/** Rank that a launcher has given to this process; 0 for a process that was started alone. */
export function launchedRank(): number {
  return findLauncher()?.rank ?? 0;
}

const LAUNCHERS = ['mpirun', 'mpiexec', 'srun'];

/**
 * Looks for koffi, an MPI library and a launcher, and under a launcher at all ranks, which have to
 * call this together. Without MPI the result says in words what is missing.
 */
export async function inspectMpi(): Promise<MpiFacts> {
  const launcher = findLauncher();
  const launchers = LAUNCHERS.filter(isInPath);
  const missing: string[] = [];
  const noted = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LikenessError) || !error.code.startsWith('mpi.')) throw error;
      missing.push(error.message);
      return undefined;
    }
  };
  const library = await noted(() => loadLibrary(launcher));
  const found = library && launcher ? await noted(gatherRanks) : undefined;
  const rank = found?.rank ?? launchedRank();
  const ranks = found?.ranks ?? [thisRank(rank)];
  if (launcher === undefined && launchers.length === 0) {
    missing.push(
      `mpi: received none of ${LAUNCHERS.join(', ')} in PATH; expected a launcher of ranks. ` +
        'Install one, such as openmpi-bin on Debian',
    );
  }
  missing.push(...differencesOf(ranks), ...overloadsOf(ranks));
  return { rank, ...factsOf(library, launcher), launchers, ranks, missing };
}

function factsOf(
  library: MpiLibrary | undefined,
  launcher: Launcher | undefined,
): Pick<MpiFacts, 'library' | 'koffi' | 'launcher'> {
  return {
    library: library
      ? { version: library.version, file: library.file, handles: library.abi.handles }
      : null,
    koffi: library?.koffiVersion ?? null,
    launcher: launcher?.name ?? null,
  };
}

function thisRank(rank: number): MpiRank {
  return {
    rank,
    host: hostname(),
    threads: availableParallelism(),
    cores: cpus().length,
    version,
    node: process.versions.node,
  };
}

async function gatherRanks(): Promise<{ rank: number; ranks: MpiRank[] }> {
  const communicator = await openRanks();
  const { rank } = communicator;
  const texts = await gatherTexts(communicator, JSON.stringify(thisRank(rank)));
  await communicator.close();
  return { rank, ranks: texts.map((text) => JSON.parse(text) as MpiRank) };
}

/** Sentences about ranks whose versions differ from those of rank 0. */
export function differencesOf(ranks: readonly MpiRank[]): string[] {
  const versionsOf = (rank: MpiRank) => `likeness ${rank.version} on Node ${rank.node}`;
  const [first] = ranks as [MpiRank];
  const other = ranks.find((rank) => versionsOf(rank) !== versionsOf(first));
  if (other === undefined) return [];
  return [
    `ranks: received ${versionsOf(other)} on rank ${other.rank} (${other.host}); expected ` +
      `${versionsOf(first)} as on rank 0 (${first.host}). Install the same versions everywhere`,
  ];
}

/** Sentences about hosts with more threads than cores. */
export function overloadsOf(ranks: readonly MpiRank[]): string[] {
  const hosts = new Set(ranks.map(({ host }) => host));
  return [...hosts].flatMap((host) => {
    const own = ranks.filter((rank) => rank.host === host);
    const threads = own.reduce((sum, rank) => sum + rank.threads, 0);
    const { cores } = own[0]!;
    if (own.length === 1 || threads <= cores) return [];
    return [
      `ranks: received ${plural(threads, 'thread')} of ${plural(own.length, 'rank')} on ${host}; ` +
        `expected at most ${cores} for its ${plural(cores, 'core')}. ` +
        'Start fewer ranks, or have the launcher bind each to cores of its own',
    ];
  });
}

function isInPath(name: string): boolean {
  const endings = process.platform === 'win32' ? ['.exe'] : [''];
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.some((folder) =>
    endings.some((ending) => {
      try {
        accessSync(join(folder, name + ending), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  );
}
