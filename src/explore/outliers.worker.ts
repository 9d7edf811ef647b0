/** Worker that scores the features of a clustering by their distance to others. */
import { workerData } from 'node:worker_threads';
import { openEngine } from '../backends/index.ts';
import { outlierScores } from '../cluster/index.ts';
import { beginStage } from '../core/stage.ts';
import { openEmbeddings } from '../run/index.ts';
import { answerParent } from './workerJob.ts';

const { file, threads } = workerData as { file: string; threads: number };

answerParent(async (reporter) => {
  const { features, close } = await openEmbeddings(file);
  try {
    const total = features.count;
    const engine = await openEngine({ threads });
    const onProgress = beginStage(reporter, {
      ...{ stage: 'outliers', text: 'finding the neighbors of images', unit: 'image', total },
    });
    try {
      return await outlierScores(engine, features, { onProgress, signal: reporter.signal });
    } finally {
      await engine.close();
    }
  } finally {
    await close();
  }
});
