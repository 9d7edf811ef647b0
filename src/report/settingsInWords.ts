/** Main settings of a run in words. */
import { plural } from '../core/text.ts';
import { featureEncoder } from '../encoders/index.ts';
import { flatSettings, type Settings, showCrops } from '../methods/index.ts';
import {
  type FeaturesConfig,
  type RunConfig,
  readingText,
  type TrainedConfig,
} from '../run/index.ts';
import type { NamedText } from './runReport.ts';

/** Names the settings that a run read, and no others. */
export function settingsInWords(config: RunConfig, { step }: { step: number }): NamedText[] {
  const reading = readingText(config.source);
  const own = config.kind === 'trained' ? ofTraining(config, step) : ofFeatures(config);
  return [...own, ...(reading === undefined ? [] : [{ name: 'Source', value: reading }])];
}

/**
 * Names the command lines that made a run and its clusters, where they are known, and one that made
 * both once.
 */
export function commandsInWords(
  { kind, command: made }: Pick<RunConfig, 'kind' | 'command'>,
  clustered: string | undefined,
): NamedText[] {
  const learned = kind === 'trained' ? 'Trained with' : 'Learned with';
  if (made !== undefined && made === clustered) return [{ name: 'Made with', value: made }];
  return [
    ...(made === undefined ? [] : [{ name: learned, value: made }]),
    ...(clustered === undefined ? [] : [{ name: 'Clustered with', value: clustered }]),
  ];
}

/** Settings that change no result: reports with other ones have the same bytes. */
const OF_THE_MACHINE = new Set(['threads', 'workers']);

/**
 * Every setting that results depend on: of a training by the name that `train` takes it by, of
 * features that are learned without one in words. {@link settingsInWords} has all of others.
 */
export function allSettings(config: RunConfig): NamedText[] {
  if (config.kind === 'features') {
    return featureEncoder(config.encoder).isLearned ? factsOf(config.encoder) : [];
  }
  return Object.entries(flatSettings(config.settings)).flatMap(([name, value]) =>
    value === undefined || OF_THE_MACHINE.has(name) ? [] : [{ name, value: String(value) }],
  );
}

/** Names the network that is trained, or the pretrained model and its head. */
function ofTraining(config: TrainedConfig, step: number): NamedText[] {
  const { settings, base } = config;
  if (!base) return ofNetwork(config, step);
  const head = [
    { name: 'Head', value: settings.method.name },
    ...groupsOf(settings.method),
    { name: 'Batch', value: String(settings.data.batchSize) },
    { name: 'Steps', value: String(step) },
    { name: 'Seed', value: String(settings.run.seed) },
  ];
  return [...factsOf({ name: 'model', settings: base }), ...head];
}

/** Settings of an encoder in words. */
function factsOf(encoder: FeaturesConfig['encoder']): NamedText[] {
  return Object.entries(featureEncoder(encoder).facts).map(([name, value]) => ({
    name: inWords(name),
    value: String(value),
  }));
}

/** Names encoder, views, prototypes or clusters that the method reads, batch, steps and seed. */
function ofNetwork({ settings, origin }: TrainedConfig, step: number): NamedText[] {
  const { encoder, data, views, run } = settings;
  const { architecture, width } = encoder;
  const network = origin ? `${origin.model}, trained further` : `${architecture}, width ${width}`;
  return [
    { name: 'Encoder', value: `${network}, ${data.imageSize} px` },
    { name: 'Views', value: showCrops(views.crops) },
    ...groupsOf(settings.method),
    { name: 'Batch', value: String(data.batchSize) },
    { name: 'Steps', value: String(step) },
    { name: 'Seed', value: String(run.seed) },
  ];
}

/** Names encoder, images that it was learned from or its origin, seed and reasons. */
function ofFeatures({ encoder, imageSize, images, seed, notes }: FeaturesConfig): NamedText[] {
  const { title, isLearned } = featureEncoder(encoder);
  return [
    { name: 'Encoder', value: `${title}, ${imageSize} px` },
    ...(isLearned ? [{ name: 'Learned from', value: plural(images, 'image') }] : factsOf(encoder)),
    { name: 'Seed', value: String(seed) },
    ...(notes.length > 0 ? [{ name: 'Reason', value: notes.join(' ') }] : []),
  ];
}

/** Splits a name in camel case, such as `patchSize` to `Patch size`. */
function inWords(name: string): string {
  const words = name.replace(/([a-z\d])([A-Z])/g, (_, end: string, start: string) => {
    return `${end} ${start.toLowerCase()}`;
  });
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Prototypes that are trained, or clusters that are made in training; none for other methods. */
function groupsOf({ prototypes, clusters }: Settings['method']): NamedText[] {
  if (prototypes !== undefined) return [{ name: 'Prototypes', value: String(prototypes) }];
  if (clusters === undefined) return [];
  return [{ name: 'Clusters in training', value: [clusters].flat().join(', ') }];
}
