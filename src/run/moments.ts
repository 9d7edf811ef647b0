/**
 * Moments of a training for the page: a map of some images and the nearest images of some groups,
 * one file `moments/step-<number>.safetensors` per measured epoch.
 *
 * A group is a prototype of the method, a cluster that the method learns, or a k-means cluster of
 * the sample where a method has neither.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { encodeSafetensors, writeFileAtomic } from '../formats/index.ts';
import type { RunFolder } from './files.ts';
import { rows, steps } from './limits.ts';
import { floatsOf, integersOf, maxTensorBytes, metadataJson, readTensors } from './tensorFile.ts';

/** Kinds of groups. */
export const momentKinds = ['prototypes', 'clusters', 'groups'] as const;
export type MomentKind = (typeof momentKinds)[number];

/** A group with the images of the sample that are nearest to it. */
export interface MomentStrip {
  /** Number of the prototype or cluster. */
  readonly group: number;
  /** Images of the sample that belong to it. */
  readonly size: number;
  /** Ids of the nearest images, best first. */
  readonly images: readonly string[];
}

export interface Moment {
  readonly step: number;
  /** Epoch after which it was made, from 0. */
  readonly epoch: number;
  readonly kind: MomentKind;
  /** Number of all groups, and of those with an image of the sample. */
  readonly groups: number;
  readonly used: number;
  /** Images of the sample. */
  readonly sample: number;
  /** Ids of the images on the map [n]. */
  readonly ids: readonly string[];
  /** Coordinates [n, 2] in -1 to 1. */
  readonly places: Float32Array;
  /** Group of each image [n]. */
  readonly assigned: Int32Array;
  /** Strips in an order that following moments keep. */
  readonly strips: readonly MomentStrip[];
}

/** Most images on a map, strips, images of a strip, and moments of a run. */
export const momentLimits = { images: 400, strips: 12, nearest: 8, moments: 48 } as const;

const FORMAT = 'likeness moment 1';
const id = z.string().max(4096);
const schema = z.object({
  ...{ step: steps(), epoch: steps(), kind: z.enum(momentKinds) },
  ...{ groups: rows(), used: rows(), sample: rows() },
  ids: z.array(id).max(momentLimits.images),
  strips: z
    .array(
      z.object({
        ...{ group: rows(), size: rows() },
        images: z.array(id).max(momentLimits.nearest),
      }),
    )
    .max(momentLimits.strips),
});
const kind = {
  code: 'moment',
  format: FORMAT,
  maxBytes: maxTensorBytes.moment,
  remedy: 'Delete the file. The run has other moments.',
};

const name = /^step-(\d{10,12})\.safetensors$/;
const fileOf = ({ files }: RunFolder, step: number) =>
  join(files.moments, `step-${String(step).padStart(10, '0')}.safetensors`);

/**
 * Writes a moment. Above the limit of a run every second of the others is removed, so that those
 * that stay are spread over the whole training.
 *
 * @throws LikenessError `write.*`
 */
export async function writeMoment(
  folder: RunFolder,
  { places, assigned, ...about }: Moment,
): Promise<void> {
  const count = about.ids.length;
  const tensors = {
    places: { dtype: 'float32', shape: [count, 2], data: places },
    assigned: { dtype: 'int32', shape: [count], data: assigned },
  } as const;
  const metadata = { format: FORMAT, moment: JSON.stringify(about) };
  await mkdir(folder.files.moments, { recursive: true });
  await writeFileAtomic(fileOf(folder, about.step), encodeSafetensors(tensors, metadata));
  const all = await momentsOf(folder);
  if (all.length <= momentLimits.moments) return;
  const surplus = all.slice(0, -1).filter((_, i) => i % 2 === 1);
  for (const step of surplus) await rm(fileOf(folder, step), { force: true });
}

/** Lists the steps of a run's moments, rising; none where there is no folder of them. */
export async function momentsOf({ files }: RunFolder): Promise<number[]> {
  const names = await readdir(files.moments).catch(() => []);
  return names
    .map((file) => Number(name.exec(file)?.[1] ?? Number.NaN))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
}

/** Reads the moment at a step. @throws LikenessError `moment.missing`, `moment.malformed` */
export async function readMoment(folder: RunFolder, step: number): Promise<Moment> {
  const file = fileOf(folder, step);
  const decoded = await readTensors(file, kind);
  const about = metadataJson(file, decoded.metadata.moment, schema, kind);
  const count = about.ids.length;
  return {
    ...about,
    places: floatsOf(file, decoded, { name: 'places', shape: [count, 2], kind }),
    assigned: integersOf(file, decoded, { name: 'assigned', count, kind }),
  };
}

/** Removes the moments after a step, because a run that resumes there makes its own. */
export async function rewindMoments(folder: RunFolder, step: number): Promise<void> {
  for (const later of await momentsOf(folder)) {
    if (later > step) await rm(fileOf(folder, later), { force: true });
  }
}
