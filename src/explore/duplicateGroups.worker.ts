/** Worker that joins duplicates by complete linkage. */
import { workerData } from 'node:worker_threads';
import { groupDuplicates } from './duplicateGroups.ts';
import {
  type GroupsReply,
  type GroupsRequest,
  packTree,
  unpackPairs,
} from './duplicateGroupsJob.ts';
import { answerParent } from './workerJob.ts';

const { pairs, gone, ...compared } = workerData as GroupsRequest;

answerParent(async (): Promise<GroupsReply> => {
  const { tree, ...grouped } = groupDuplicates({ ...compared, pairs: unpackPairs(pairs) }, gone);
  return { ...grouped, tree: packTree(tree) };
});
