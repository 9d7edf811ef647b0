/**
 * maps.safetensors: two-dimensional layouts of the features of some images, one per state of the
 * encoder.
 *
 * Tensors `places.<i>` [n, 2] and `clusters.<i>` [n] per map; titles, steps and scores in the
 * metadata, with the ids of the images, which all maps share.
 */
import { z } from 'zod';
import { encodeSafetensors, type StoredTensor, writeFileAtomic } from '../formats/index.ts';
import { agreement, steps } from './limits.ts';
import { reportAgain } from './nextSteps.ts';
import { floatsOf, integersOf, maxTensorBytes, metadataJson, readTensors } from './tensorFile.ts';

/** Layout of features at one step of training. */
export interface FeatureMap {
  /** Moment of training, such as `after step 120`. */
  readonly title: string;
  /** Steps done; 0 before training. */
  readonly step: number;
  /** Coordinates [n, 2] without a unit. */
  readonly places: Float32Array;
  /** Clusters at that step [n], numbered as those of the last map where they share most images. */
  readonly clusters: Int32Array;
  /** NMI of these clusters with labels, where there are any. */
  readonly nmi?: number;
}

export interface FeatureMaps {
  /** Ids of the images [n]. */
  readonly ids: readonly string[];
  readonly maps: readonly FeatureMap[];
}

const FORMAT = 'likeness maps 1';
const schema = z.object({
  ids: z.array(z.string()),
  maps: z.array(z.object({ title: z.string(), step: steps(), nmi: agreement().optional() })),
});

/** Writes the maps. @throws LikenessError `write.*` */
export async function writeMaps(file: string, { ids, maps }: FeatureMaps): Promise<void> {
  const tensors = maps.flatMap(({ places, clusters }, i): [string, StoredTensor][] => [
    [`places.${i}`, { dtype: 'float32', shape: [ids.length, 2], data: places }],
    [`clusters.${i}`, { dtype: 'int32', shape: [ids.length], data: clusters }],
  ]);
  const about = maps.map(({ title, step, nmi }) => ({ title, step, nmi }));
  const metadata = { format: FORMAT, maps: JSON.stringify({ ids, maps: about }) };
  await writeFileAtomic(file, encodeSafetensors(Object.fromEntries(tensors), metadata));
}

/** Reads the maps. @throws LikenessError `maps.missing`, `maps.malformed` */
export async function readMaps(file: string): Promise<FeatureMaps> {
  const kind = { code: 'maps', format: FORMAT, maxBytes: maxTensorBytes.maps, remedy: reportAgain };
  const decoded = await readTensors(file, kind);
  const { ids, maps } = metadataJson(file, decoded.metadata.maps, schema, kind);
  const count = ids.length;
  return {
    ids,
    maps: maps.map((about, i) => ({
      ...about,
      places: floatsOf(file, decoded, { name: `places.${i}`, shape: [count, 2], kind }),
      clusters: integersOf(file, decoded, { name: `clusters.${i}`, count, kind }),
    })),
  };
}
