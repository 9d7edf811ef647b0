/** Identity of the settings that a stored state belongs to. */
import type { Settings } from '../methods/index.ts';
import { hashOfJson } from './json.ts';

/** Settings that change speed or storage and never results. A resumed run may change them. */
export const freeSettings: readonly (keyof Settings)[] = [
  'workers',
  'measures',
  'checkpointSeconds',
  'keepCheckpoints',
];

/** Hashes every setting that results depend on. */
export function settingsHash(settings: Settings): string {
  return hashOfJson(
    Object.fromEntries(
      Object.entries(settings).filter(([name]) => !freeSettings.includes(name as keyof Settings)),
    ),
  );
}
