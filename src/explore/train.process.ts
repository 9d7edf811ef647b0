/**
 * Program of the process that trains for the page: it trains a run and clusters its images. It
 * stops, with the run saved, when it is told to, at a signal, and when the server is gone.
 */
import { LikenessError, reasonOf } from '../core/errors.ts';
import { openImages } from '../library/images.ts';
import { train } from '../library/train.ts';
import { paced } from './progressPace.ts';
import type { FromTraining, ToTraining, TrainTask } from './trainMessages.ts';

/** Milliseconds between two messages of progress. */
const PROGRESS_MS = 250;

const stop = new AbortController();
const abort = () => stop.abort(new LikenessError('explore.cancelled', 'the training was stopped'));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, abort);
process.on('disconnect', abort);

function send(message: FromTraining): void {
  // The server may be gone, and the run is saved all the same.
  if (process.connected) process.send!(message, () => {});
}

async function work({ source, out, like, chosen }: TrainTask): Promise<FromTraining> {
  const { signal } = stop;
  const onProgress = paced(({ stage, text, done, total }) => {
    send({ kind: 'progress', stage, text, ...(done !== undefined && { done, total }) });
  }, PROGRESS_MS);
  let hasBegun = false;
  const onEvent = () => {
    if (!hasBegun) send({ kind: 'begun' });
    hasBegun = true;
  };
  const run = chosen === undefined ? out : like;
  const callbacks = { signal, onProgress };
  await using images = await openImages(source, {
    ...callbacks,
    ...(run !== undefined && { run }),
  });
  const model = await train(images, {
    ...{ out, onEvent, ...callbacks },
    // The page asks no other host, so models of the hub come from the cache.
    ...(chosen === undefined ? { resume: true } : { ...chosen, offline: true }),
  });
  const { outcome = 'interrupted' } = model.training ?? {};
  if (outcome === 'finished' && !signal.aborted) await model.cluster(images, callbacks);
  return { kind: 'ended', outcome };
}

function failed(error: unknown): FromTraining {
  if (stop.signal.aborted) return { kind: 'ended', outcome: 'interrupted' };
  const code = error instanceof LikenessError ? error.code : 'internal';
  return { kind: 'failed', code, message: reasonOf(error) };
}

process.on('message', async (message: ToTraining) => {
  if (message.kind === 'stop') return abort();
  const result = await work(message.task).catch(failed);
  if (!process.connected) process.exit();
  process.send!(result, () => process.exit());
});
send({ kind: 'ready' });
