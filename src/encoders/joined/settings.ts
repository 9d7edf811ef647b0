/** Settings of the joined encoder, with the defaults that were measured on several sets. */
import { z } from 'zod';
import { MAX_MINUTES } from '../../core/options.ts';
import { MAX_EPOCHS, resolveSettings, type Settings } from '../../methods/index.ts';
import { patchSettings } from '../patches/index.ts';

const positive = () => z.number().int().min(1);
const fraction = () => z.number().min(0).max(1);

/** Settings of a joined encoder. Those of one that is learned have a weight. */
export const joinedSettings = z.strictObject({
  patches: patchSettings.prefault({}),
  method: z.string().default('simclr').describe('method that trains the network'),
  minutes: z
    .number()
    .positive()
    .max(MAX_MINUTES)
    .describe('time of the whole call that trains the network, in minutes'),
  network: z
    .strictObject({
      // The methods check their settings themselves.
      settings: z.record(z.string(), z.unknown()),
      step: z.int().min(0),
      epochs: z.number().min(0).max(MAX_EPOCHS),
      isLonger: z
        .boolean()
        .optional()
        .describe('true where the network was trained longer after it had been joined'),
      retrieval: z.strictObject({ patches: fraction(), network: fraction() }).optional(),
    })
    .optional()
    .describe('settings of the trained network; absent before it is trained'),
  isChecked: z
    .boolean()
    .default(true)
    .describe('joins only a network that finds images by their views about as well as patches'),
  components: positive().default(64).describe('largest number of components of the network'),
  imagesPerComponent: positive().default(4).describe('images per component, at least'),
  whitening: z
    .number()
    .min(0)
    .default(0.01)
    .describe('added to the variances of components, as a fraction of the largest'),
  weight: z
    .number()
    .positive()
    .optional()
    .describe(
      'weight of the network beside the patch features; by default .6, which rises to .8 with the ' +
        'number of images that the network has seen',
    ),
});

export type JoinedSettings = z.output<typeof joinedSettings>;

/** Weight of networks that saw at most `STEADY_SEEN` images. */
const MIN_WEIGHT = 0.6;
/** Weight of networks that saw 790,000 images or more. */
const MAX_WEIGHT = 0.8;
/** Images seen up to which the smallest weight was the best of those measured. */
const STEADY_SEEN = 250_000;

/**
 * Weight of a network that saw `seen` images, each as often as there were epochs:
 * `.6 (seen / 250,000)^(1/4)`, between .6 and .8. A network that learned longer tells more
 * (docs/patch-features.md).
 */
export function weightOf(seen: number): number {
  const weight = MIN_WEIGHT * (seen / STEADY_SEEN) ** 0.25;
  return Number(Math.min(MAX_WEIGHT, Math.max(MIN_WEIGHT, weight)).toFixed(2));
}

/**
 * Settings of the trained network, checked.
 *
 * @throws LikenessError `settings.invalid`
 */
export function networkSettings({ network }: JoinedSettings): Settings | undefined {
  return network && resolveSettings(network.settings as unknown as Settings);
}

/** Settings in words or numbers, by name in camel case. */
export function joinedFacts(settings: JoinedSettings): Record<string, string | number> {
  const { patches, method, network, components, weight = MIN_WEIGHT } = settings;
  const known = networkSettings(settings);
  return {
    ...(known && {
      network: `${known.encoder.architecture}, width ${known.encoder.width}`,
      training: `${method}, ${Number(network!.epochs.toFixed(1))} epochs`,
    }),
    networkComponents: components,
    networkWeight: weight,
    ...Object.fromEntries(
      Object.entries(patches).map(([name, value]) => [name, [value].flat().join(', ')]),
    ),
  };
}
