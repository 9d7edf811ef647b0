/** Worker that lays out the features of a clustering in two dimensions. */
import { workerData } from 'node:worker_threads';
import { openEngine } from '../backends/index.ts';
import { openEmbeddings } from '../run/index.ts';
import { layoutAll } from './layoutAll.ts';
import type { LayoutRequest } from './layoutJob.ts';
import { answerParent } from './workerJob.ts';

const { file, threads } = workerData as LayoutRequest;

answerParent(async (reporter) => {
  const stored = await openEmbeddings(file);
  const engine = await openEngine({ threads });
  try {
    return await layoutAll(engine, stored.features, {
      signal: reporter.signal,
      onProgress: (text, done, total) => reporter.progress({ stage: 'layout', text, done, total }),
    });
  } finally {
    await engine.close();
    await stored.close();
  }
});
