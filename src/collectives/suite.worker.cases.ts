/** A thread of the suite's test: one rank of a group. */
import { parentPort, workerData } from 'node:worker_threads';
import { joinThreads, type ThreadGroup } from './index.ts';
import { runSuite } from './suite.cases.ts';

const { group, rank } = workerData as { group: ThreadGroup; rank: number };
parentPort!.postMessage(await runSuite(joinThreads(group, rank)));
