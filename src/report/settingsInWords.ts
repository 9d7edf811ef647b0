/** Main settings of a run in words. */
import { methods, type Settings } from '../methods/index.ts';
import type { NamedText } from './runReport.ts';

/** Names encoder, views, prototypes or clusters that the method reads, batch, steps and seed. */
export function settingsInWords(settings: Settings, { step }: { step: number }): NamedText[] {
  const { architecture, width, imageSize, crops, batchSize, seed } = settings;
  return [
    { name: 'Encoder', value: `${architecture}, width ${width}, ${imageSize} px` },
    { name: 'Views', value: crops },
    ...groupsOf(settings),
    { name: 'Batch', value: String(batchSize) },
    { name: 'Steps', value: String(step) },
    { name: 'Seed', value: String(seed) },
  ];
}

/** Prototypes that are trained, or clusters that are made between epochs; none for other methods. */
function groupsOf({ method, prototypes, clusters }: Settings): NamedText[] {
  const { fits } = methods[method];
  if (fits.includes('prototypes')) return [{ name: 'Prototypes', value: String(prototypes) }];
  if (!fits.includes('clusters')) return [];
  return [{ name: 'Clusters in training', value: clusters.replaceAll(',', ', ') }];
}
