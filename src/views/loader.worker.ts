/** A loader worker: opens the pixel cache once and answers jobs with batches, whose memory it hands over. */
import { parentPort, workerData } from 'node:worker_threads';
import { LikenessError, reasonOf } from '../core/errors.ts';
// Not through the folder's index, which would load the image decoders into every worker.
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
