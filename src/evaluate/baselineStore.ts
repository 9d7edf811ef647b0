/**
 * Measured baselines in the cache folder, because they depend on the images and not on the run.
 *
 * A second evaluation of the same images with the same options reads them. A file is found by a
 * hash of everything that its scores depend on, and one that is damaged is measured again.
 */
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { runtimeVersion } from '../backends/index.ts';
import { version } from '../core/version.ts';
import { SCORES } from '../data/index.ts';
import { hashOfJson, type JsonObject, readJsonIfValid, writeJson } from '../run/index.ts';
import type { EncoderEvaluation } from './evaluate.ts';

export interface BaselineStore {
  /** Reads the measurements of a baseline; undefined where there are none. */
  read(id: string): Promise<EncoderEvaluation | undefined>;
  /** Stores the measurements of a baseline. A folder that cannot be written is no error. */
  write(measured: EncoderEvaluation): Promise<void>;
}

/** Raised whenever the same images and options give other scores. */
const PROTOCOL = 3;

const schema = z.object({ sha256: z.string(), measured: z.looseObject({ id: z.string() }) });

/**
 * Opens the baselines that were measured on some images.
 *
 * @param folder the cache folder
 * @param basis everything that the scores depend on, besides versions
 */
export function baselineStore(folder: string, basis: JsonObject): BaselineStore {
  const fileOf = (id: string) => {
    const key = hashOfJson({ PROTOCOL, version, runtimeVersion, id, ...basis });
    return join(folder, `${key.slice(0, 40)}${SCORES}`);
  };
  return {
    async read(id) {
      const file = fileOf(id);
      const stored = await readJsonIfValid(file, schema);
      if (stored?.measured.id !== id) return undefined;
      const { sha256, measured } = stored;
      if (hashOfJson(measured as JsonObject) !== sha256) return undefined;
      const now = new Date();
      // A folder that cannot be written keeps the old time.
      await utimes(file, now, now).catch(() => {});
      return revived(measured as unknown as EncoderEvaluation);
    },
    async write(measured) {
      const sha256 = hashOfJson(measured as unknown as JsonObject);
      await writeJson(fileOf(measured.id), { sha256, measured }).catch(() => {});
    },
  };
}

/** Clusters without a class are undefined, which JSON stores as null. */
function revived(measured: EncoderEvaluation): EncoderEvaluation {
  const { scores } = measured;
  if (!scores?.confusion) return measured;
  const matched = scores.confusion.matched.map((found) => found ?? undefined);
  return { ...measured, scores: { ...scores, confusion: { ...scores.confusion, matched } } };
}
