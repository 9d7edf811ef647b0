/** Training a run on several ranks, of which rank 0 prepares, writes and reports. */
import type { Communicator } from '../collectives/index.ts';
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import type { OpenImages } from '../data/index.ts';
import { inviteRanks, joinRun, requireEqualRanks, threadsOfRank } from './joinRun.ts';
import { restore } from './restore.ts';
import {
  checkTrainRequest,
  prepared,
  type TrainedSession,
  type TrainRequest,
  trainPrepared,
  type WatchOptions,
} from './run.ts';
import { type PreparedRun, runBeside } from './session.ts';
import type { TrainResult } from './trainer.ts';

/** Errors that all ranks have, so that each of them can end by itself. */
const shared = ['ranks.differ', 'ranks.unsupported', 'train.unwell'];

/**
 * Trains a new run, or resumes the one in `out`, as one of several ranks. All ranks call it with
 * the same request, and all return when the run is complete.
 *
 * @throws LikenessError as `trainRun`, `ranks.*`; an error of one rank ends the work of all.
 */
export async function trainOnRanks(
  images: OpenImages,
  request: TrainRequest,
  options: WatchOptions & { communicator: Communicator },
): Promise<TrainedSession> {
  const { communicator } = options;
  try {
    await refuseUnlike(communicator, { ...request, source: images.path });
    const session =
      communicator.rank === 0
        ? await lead(images, request, options)
        : await beside(images, request, options);
    await communicator.barrier();
    return session;
  } catch (error) {
    const isShared = error instanceof LikenessError && shared.includes(error.code);
    if (!isShared) await communicator.abort(error);
    throw error;
  }
}

/** @throws LikenessError `option.*`, `ranks.differ`, `ranks.unsupported`, on all ranks */
async function refuseUnlike(
  communicator: Communicator,
  request: TrainRequest & { source: string },
): Promise<void> {
  const { encoder, origin, began: _, command: __, ...others } = request;
  const [head, model] = [encoder, origin].map((file) => file?.settings.sha256);
  await requireEqualRanks(communicator, { ...others, encoder: head, fineTuned: model });
  const what = encoder ? 'encoder' : request.autoRemedy ? 'autoRemedy' : undefined;
  if (what) {
    throw new LikenessError(
      'ranks.unsupported',
      `${what}: received it on ${plural(communicator.size, 'rank')}; expected a network that is ` +
        'trained as it is. Train heads on a pretrained model, and with remedies, in one process.',
    );
  }
  checkTrainRequest(request);
}

/** Prepares the run, invites the others, and trains. */
async function lead(
  images: OpenImages,
  request: TrainRequest,
  { communicator, reporter, onEvent }: WatchOptions & { communicator: Communicator },
): Promise<TrainedSession> {
  const ofRanks = { ranks: communicator.size, threads: threadsOfRank(communicator) };
  const run = await prepared(images, { ...request, ...ofRanks }, reporter);
  try {
    await inviteRanks(communicator, run);
    reporter.note({ code: 'train.ranks', message: ranksText(communicator, run) });
    const { snapshots, saveGraph, began } = request;
    const result = await trainPrepared(run, request, {
      ...{ reporter, onEvent, snapshots, saveGraph, began, communicator },
    });
    return sessionOf(run, result);
  } finally {
    run.lock.release();
  }
}

/** Sentence of ranks, hosts, threads, and images of a batch that each rank takes. */
function ranksText({ size, hosts }: Communicator, { config }: PreparedRun): string {
  const places = `${plural(size, 'rank')} on ${plural(new Set(hosts).size, 'host')}`;
  const { batchSize } = config.settings.data;
  return (
    `${places} with ${plural(config.threads, 'thread')} each: ${batchSize / size} of the ` +
    `${plural(batchSize, 'image')} of a batch each`
  );
}

/** Joins the run of rank 0, and trains beside it. */
async function beside(
  images: OpenImages,
  { resume }: TrainRequest,
  { communicator, reporter }: WatchOptions & { communicator: Communicator },
): Promise<TrainedSession> {
  const run = await joinRun(images, communicator);
  if (run.finished) return sessionOf(run, await finishedBeside(run));
  const from = resume ? await restore(run) : undefined;
  await communicator.barrier();
  const result = await runBeside(run, { communicator, reporter, ...(from && { from }) });
  const { outcome, verdict } = result;
  if (outcome === 'failed') throw new LikenessError('train.unwell', verdict.message);
  return sessionOf(run, { ...result, outcome });
}

/** The result of a run that was finished before. */
async function finishedBeside(
  run: PreparedRun,
): Promise<TrainResult & { outcome: TrainedSession['outcome'] }> {
  const training = (await restore(run))!;
  const { health, step } = training;
  const epochs = step / Math.floor(run.indices.length / run.config.settings.data.batchSize);
  return { outcome: 'finished', training, verdict: { health, message: '', remedy: '' }, epochs };
}

function sessionOf(
  { folder, config, cache }: PreparedRun,
  result: TrainResult & { outcome: TrainedSession['outcome'] },
): TrainedSession {
  return { ...result, folder, config, skipped: cache.skipped.length };
}
