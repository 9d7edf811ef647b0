/** Layouts of the page: of all images now, and of a sample at earlier steps of training. */
import type { Reporter } from '../core/reporter.ts';
import { fitted, readLayout, writeLayout } from './layoutFile.ts';
import { computeLayout } from './layoutJob.ts';
import { momentAt } from './moments.ts';
import type { OpenedRun } from './openedRun.ts';
import { rowsOfIds } from './rowsOfIds.ts';

/** Positions of the sample at a step of training, NaN for other images; undefined where none. */
export async function layoutAtStep(
  run: OpenedRun,
  step: number,
): Promise<Float32Array | undefined> {
  const { maps, ids } = run;
  const moment = await momentAt(run, step);
  const map = moment ?? maps?.maps.find((one) => one.step === step);
  if (!map) return undefined;
  const places = new Float32Array(2 * ids.length).fill(Number.NaN);
  const rowOf = rowsOfIds(run);
  const sample = fitted(map.places);
  for (const [i, id] of (moment?.ids ?? maps!.ids).entries()) {
    const row = rowOf.get(id);
    if (row === undefined) continue;
    places[2 * row] = sample[2 * i]!;
    places[2 * row + 1] = sample[2 * i + 1]!;
  }
  return places;
}

/** Reads the stored layout of all images; undefined where it has to be computed. */
export function storedLayout({ folder, key, ids }: OpenedRun): Promise<Float32Array | undefined> {
  return readLayout(folder!.files.layout, key, ids.length);
}

/** Computes the layout of all images and stores it, where the run can be written. */
export async function makeLayout(run: OpenedRun, reporter: Reporter): Promise<Float32Array> {
  const { embeddings, layout } = run.folder!.files;
  const places = await computeLayout({ file: embeddings, threads: run.config!.threads }, reporter);
  if (run.writable) await writeLayout(layout, run.key, places);
  return places;
}
