/** Worker that holds the features of a clustering and answers questions about them. */
import { parentPort, workerData } from 'node:worker_threads';
import { allRows, type Rows, rowsOf } from '../cluster/index.ts';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { openEmbeddings } from '../run/index.ts';
import { similarRows, typicality } from './featureMath.ts';
import type { FeatureQuestion, FeatureReply } from './featureServer.ts';

/** Most bytes of features that stay in memory. Larger files are read again for each question. */
const MAX_BYTES = 2 ** 30;

async function open(file: string): Promise<Rows> {
  const stored = await openEmbeddings(file);
  const { count, dimension } = stored.features;
  if (count * dimension * 4 > MAX_BYTES) return stored.features;
  const features = await allRows(stored.features);
  await stored.close();
  return {
    ...rowsOf(features),
    // Parts are read and not changed, so that they need not be copied.
    read: async (start, rows) =>
      features.data.subarray(start * dimension, (start + rows) * dimension),
  };
}

async function answer(question: FeatureQuestion): Promise<unknown> {
  const features = await opened;
  switch (question.kind) {
    case 'similar': {
      const { vector, ...options } = question;
      return similarRows(features, vector, options);
    }
    case 'row':
      return (await features.read(question.row, 1)).slice();
    case 'rows': {
      const data = new Float32Array(question.rows.length * features.dimension);
      for (const [i, row] of question.rows.entries()) {
        data.set(await features.read(row, 1), i * features.dimension);
      }
      return { data, count: question.rows.length, dimension: features.dimension };
    }
    case 'typicality':
      return typicality(features, question.assigned);
  }
}

const opened = open((workerData as { file: string }).file);
opened.catch(() => {}); // each question reports it
const port = parentPort!;
port.on('message', ({ id, question }: { id: number; question: FeatureQuestion }) => {
  answer(question).then(
    (value) => port.postMessage({ id, value } satisfies FeatureReply),
    (error: unknown) => {
      const code = error instanceof LikenessError ? error.code : 'internal';
      port.postMessage({ id, error: { code, message: reasonOf(error) } } satisfies FeatureReply);
    },
  );
});
