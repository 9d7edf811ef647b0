/** Moments of a training for the page: the map of a sample, and the nearest images of groups. */
import { LikenessError } from '../core/errors.ts';
import { type Moment, momentsOf, readMoment } from '../run/index.ts';
import type { OpenedRun } from './openedRun.ts';
import { rowsOfIds } from './rowsOfIds.ts';
import type { MomentAnswer, MomentsAnswer } from './trainingProtocol.ts';

/** Steps of the stored moments, rising; none for a source without a run. */
export async function stepsOfMoments({ folder }: OpenedRun): Promise<number[]> {
  return folder ? momentsOf(folder) : [];
}

/** Lists the moments of the opened run. */
export async function listMoments(run: OpenedRun): Promise<MomentsAnswer> {
  return { steps: await stepsOfMoments(run) };
}

/** Reads a moment; undefined where there is none at that step. */
export async function momentAt(run: OpenedRun, step: number): Promise<Moment | undefined> {
  const steps = await stepsOfMoments(run);
  return steps.includes(step) ? readMoment(run.folder!, step) : undefined;
}

/**
 * Describes a moment by rows. Images that the opened clustering does not have are left out.
 *
 * @throws LikenessError `explore.moment` where there is none, `moment.malformed`
 */
export async function describeMoment(run: OpenedRun, step: number): Promise<MomentAnswer> {
  const moment = await momentAt(run, step);
  if (!moment) {
    throw new LikenessError('explore.moment', `step: the run has no moment at step ${step}`);
  }
  const rows = rowsOfIds(run);
  const { ids, places, assigned, strips, ...about } = moment;
  const known = [...ids.keys()].filter((i) => rows.has(ids[i]!));
  const round = (value: number) => Math.round(value * 1e4) / 1e4;
  return {
    ...about,
    rows: known.map((i) => rows.get(ids[i]!)!),
    places: known.flatMap((i) => [round(places[2 * i]!), round(places[2 * i + 1]!)]),
    assigned: known.map((i) => assigned[i]!),
    strips: strips.map(({ images, ...strip }) => ({
      ...strip,
      rows: images.flatMap((id) => rows.get(id) ?? []),
    })),
  };
}
