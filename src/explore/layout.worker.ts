/** Worker that lays out the features of a clustering in two dimensions. */
import { parentPort, workerData } from 'node:worker_threads';
import { openEngine } from '../backends/index.ts';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { openEmbeddings } from '../run/index.ts';
import { layoutAll } from './layoutAll.ts';
import type { LayoutReply, LayoutRequest } from './layoutJob.ts';

const port = parentPort!;
const { file, threads } = workerData as LayoutRequest;

async function work(): Promise<Float32Array> {
  const stored = await openEmbeddings(file);
  const engine = await openEngine({ threads });
  try {
    return await layoutAll(engine, stored.features, {
      onProgress: (text, done, total) =>
        port.postMessage({ kind: 'progress', text, done, total } satisfies LayoutReply),
    });
  } finally {
    await engine.close();
    await stored.close();
  }
}

work().then(
  (places) => port.postMessage({ kind: 'done', places } satisfies LayoutReply),
  (error: unknown) => {
    const code = error instanceof LikenessError ? error.code : 'internal';
    port.postMessage({ kind: 'failed', code, message: reasonOf(error) } satisfies LayoutReply);
  },
);
