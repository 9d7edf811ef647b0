/** Settings of the joined encoder, with the defaults that were measured on several sets. */
import { z } from 'zod';
import { MAX_MINUTES } from '../../core/options.ts';
import { MAX_EPOCHS, resolveSettings, type Settings } from '../../methods/index.ts';
import { patchSettings } from '../patches/index.ts';

const positive = () => z.number().int().min(1);
const fraction = () => z.number().min(0).max(1);

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
    .default(0.6)
    .describe('weight of the network beside the patch features'),
});

export type JoinedSettings = z.output<typeof joinedSettings>;

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
  const { patches, method, network, components, weight } = settings;
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
