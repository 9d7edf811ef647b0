/** Formats the settings of the patch encoder: a table, or the default of one of them. */
import type { z } from 'zod';
import { patchSettings } from '../src/encoders/index.ts';
import { markdown } from './stored.ts';

/** Formats all settings with default and meaning. */
export function patchSettingsText(): string {
  const rows = Object.entries(patchSettings.shape).map(([name, schema]) => [
    ...[`\`${name}\``, defaultOf(name), (schema as z.ZodType).description ?? ''],
  ]);
  return markdown([['setting', 'default', 'meaning'], ...rows]);
}

/**
 * Formats the default of a setting, as in `<!-- patch-value components -->`.
 *
 * @throws Error for a name that is no setting, or has no default.
 */
export function patchValueText(name: string): string {
  const text = defaultOf(name);
  if (text === BY_SIZE) throw new Error(`patch-value ${name}: expected a setting with a default`);
  return text;
}

/** Default of the settings that depend on the size of the images. */
const BY_SIZE = 'by image size';

function defaultOf(name: string): string {
  const value = (patchSettings.parse({}) as Readonly<Record<string, number | readonly number[]>>)[
    name
  ];
  if (value === undefined) return BY_SIZE;
  if (typeof value !== 'number') return value.join(', ');
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
}
