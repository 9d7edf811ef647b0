/** The ranks that a launcher of MPI has started, of which this process is one. */
import { type Communicator, findLauncher, openRanks } from '../collectives/index.ts';

let opened: Promise<Communicator | undefined> | undefined;

/**
 * Communicator of the ranks of this process; undefined for a process that was started alone, which
 * loads nothing. MPI begins and ends once in a process.
 *
 * @throws LikenessError `mpi.*`
 */
export function ranksOfProcess(): Promise<Communicator | undefined> {
  opened ??= openMany();
  return opened;
}

/** Communicator of several ranks; undefined, with nothing loaded, for a launcher of one process. */
export async function openMany(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Communicator | undefined> {
  // A shell of a batch system is a task of one, on machines that may have no MPI.
  if ((findLauncher(environment)?.size ?? 2) === 1) return undefined;
  const communicator = await openRanks();
  if (communicator.size === 1) {
    await communicator.close();
    return undefined;
  }
  // The event loop is empty where all work is done.
  process.once('beforeExit', () => void communicator.close().catch(() => {}));
  return communicator;
}
