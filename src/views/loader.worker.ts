/** Worker of the loader: opens the pixel cache once, renders batches and transfers their memory. */
import { parentPort, workerData } from 'node:worker_threads';
import { LikenessError, reasonOf } from '../core/errors.ts';
// The folder's index would load the image decoders into every worker.
import { openPixelReader, type PixelReader } from '../data/reader.ts';
import { doJob, type Reply, type Request, type WorkerSetup } from './jobs.ts';

const { cache, work } = workerData as WorkerSetup;
const port = parentPort!;
let reader: PixelReader | undefined;

port.on('message', ({ id, job }: Request) => {
  try {
    reader ??= openPixelReader(cache);
    const batches = doJob(reader, work, job);
    port.postMessage(
      { id, batches } satisfies Reply,
      batches.map(({ buffer }) => buffer),
    );
  } catch (error) {
    const failure =
      error instanceof LikenessError
        ? { code: error.code, message: error.message }
        : { message: (error instanceof Error && error.stack) || reasonOf(error) };
    port.postMessage({ id, failure } satisfies Reply);
  }
});
