/** Identity of the settings that a stored state belongs to. */
import { freeSettings, type Settings } from '../methods/index.ts';
import { hashOfJson, type JsonObject } from './json.ts';

const isFree = (name: string) => freeSettings.some((free) => free === name);

const bound = (settings: object = {}) =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => !isFree(name))) as JsonObject;

/** Hashes every setting that results depend on. */
export function settingsHash(settings: Settings): string {
  return hashOfJson({ ...settings, run: bound(settings.run) } as unknown as JsonObject);
}

/** Hashes settings as version 1 stored them, flat, as in the checkpoints of old runs. */
export function version1Hash(flat: JsonObject): string {
  return hashOfJson(bound(flat));
}
