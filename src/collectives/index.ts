/** Collectives between ranks: one process, worker threads, or processes of MPI. */
export { alone } from './alone.ts';
export type { CollectiveArray, Communicator, Reduction } from './communicator.ts';
export { gatherTexts } from './gatherTexts.ts';
export { findLauncher, graceText, type Launcher } from './mpi/launcher.ts';
export { LIBRARY_VARIABLE, loadLibrary, type MpiLibrary } from './mpi/library.ts';
export { type MpiOptions, openRanks } from './mpi/mpi.ts';
export { createThreadGroup, type ThreadGroup, type ThreadGroupOptions } from './threads/group.ts';
export { joinThreads, watchThreads } from './threads/threads.ts';
export { runRank } from './transport.ts';
