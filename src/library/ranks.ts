/** The ranks that a launcher of MPI has started, of which this process is one. */
import { type Communicator, openRanks } from '../collectives/index.ts';

let opened: Promise<Communicator | undefined> | undefined;

/**
 * Communicator of the ranks of this process; undefined for a process that was started alone, which
 * loads nothing. MPI begins and ends once in a process.
 *
 * @throws LikenessError `mpi.*`
 */
export function ranksOfProcess(): Promise<Communicator | undefined> {
  opened ??= open();
  return opened;
}

async function open(): Promise<Communicator | undefined> {
  const communicator = await openRanks();
  if (communicator.size === 1) {
    await communicator.close();
    return undefined;
  }
  // The event loop is empty where all work is done.
  process.once('beforeExit', () => void communicator.close().catch(() => {}));
  return communicator;
}
