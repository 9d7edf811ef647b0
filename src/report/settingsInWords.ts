/** Main settings of a run in words. */
import { type Settings, showCrops } from '../methods/index.ts';
import type { NamedText } from './runReport.ts';

/** Names encoder, views, prototypes or clusters that the method reads, batch, steps and seed. */
export function settingsInWords(settings: Settings, { step }: { step: number }): NamedText[] {
  const { encoder, data, views, run } = settings;
  const { architecture, width } = encoder;
  return [
    { name: 'Encoder', value: `${architecture}, width ${width}, ${data.imageSize} px` },
    { name: 'Views', value: showCrops(views.crops) },
    ...groupsOf(settings.method),
    { name: 'Batch', value: String(data.batchSize) },
    { name: 'Steps', value: String(step) },
    { name: 'Seed', value: String(run.seed) },
  ];
}

/** Prototypes that are trained, or clusters that are made in training; none for other methods. */
function groupsOf({ prototypes, clusters }: Settings['method']): NamedText[] {
  if (prototypes !== undefined) return [{ name: 'Prototypes', value: String(prototypes) }];
  if (clusters === undefined) return [];
  return [{ name: 'Clusters in training', value: [clusters].flat().join(', ') }];
}
