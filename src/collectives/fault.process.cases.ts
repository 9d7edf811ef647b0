/** A process of the tests of faults: one rank of MPI, of which rank 1 goes wrong. */
import { type CollectiveArray, openRanks, runRank } from './index.ts';

const [fault] = process.argv.slice(2);
await runRank(await openRanks(), async (communicator) => {
  const values: CollectiveArray = new Float32Array(8).fill(1);
  await communicator.allReduce(values);
  if (communicator.rank === 1) {
    if (fault === 'throws') throw new Error('no space left on the disk');
    if (fault === 'exits') process.exit(0);
    if (fault === 'is killed') process.kill(process.pid, 'SIGKILL');
    if (fault === 'leaves') return;
    if (fault === 'calls another collective') await communicator.barrier();
  }
  await communicator.allReduce(values);
});
