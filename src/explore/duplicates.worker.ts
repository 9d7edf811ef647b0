/** Worker that compares the decoded images of a cache. */
import { workerData } from 'node:worker_threads';
import { type ComparedCache, pairsOfCache } from '../duplicates/index.ts';
import { answerParent } from './workerJob.ts';

const { cache, least } = workerData as { cache: ComparedCache; least: number };

answerParent(async (reporter) => {
  const { pairs, equal } = await pairsOfCache(cache, reporter);
  return {
    pairs: pairs.filter(({ similarity }) => similarity >= least),
    equal: equal.filter(({ length }) => length > 1),
  };
});
