/** Differences of a model from the one that a run was started with, by the contents of files. */
import { createHash } from 'node:crypto';
import { join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { displayPath } from '../../core/text.ts';
import { isAsNamed, type ModelPlace } from './modelName.ts';
import type { ModelSettings } from './onnxModel.ts';

/** SHA-256 of each file of a model, with paths relative to its folder. */
export function fileHashes(
  files: ReadonlyMap<string, Uint8Array>,
  folder: string,
): NonNullable<ModelSettings['files']> {
  return [...files].map(([path, bytes]) => ({
    file: relative(folder, path).replaceAll('\\', '/'),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }));
}

/** Two halves of the sentence "received …; expected …". */
export interface ModelDifference {
  readonly received: string;
  readonly expected: string;
}

/**
 * Finds the difference of a model from a stored one; undefined where their features are equal.
 *
 * The model may lie in another folder or have another name. Of a changed model the file that
 * differs is named: the model itself, its weights, or a file that describes its input. Parts that
 * the name of the model leaves out are those of the stored one.
 */
export function modelDifference(
  stored: ModelSettings | undefined,
  { settings, place }: { settings: ModelSettings; place: ModelPlace },
): ModelDifference | undefined {
  const { folder, named } = place;
  const pathOf = (file: string) => displayPath(join(folder, file));
  if (!stored) return { received: pathOf(settings.files?.[0]?.file ?? ''), expected: 'no model' };
  const isSameModel = settings.sha256 === stored.sha256;
  const { input, output } = settings;
  const isSameUse = isDeepStrictEqual([input, output], [stored.input, stored.output]);
  if (isSameModel && isSameUse) return undefined;
  const changed = changedFile(stored.files ?? [], settings.files ?? []);
  if (changed) {
    const { file, now, before } = changed;
    return {
      received: now ? `${pathOf(file)} with SHA-256 ${short(now)}` : `no ${pathOf(file)}`,
      expected: before ? `the file with SHA-256 ${short(before)}` : 'no such file',
    };
  }
  if (!isSameModel) {
    const [own] = settings.files ?? [];
    return {
      received: `${own ? pathOf(own.file) : settings.model} with SHA-256 ${short(settings.sha256)}`,
      expected: `the model ${stored.model} with SHA-256 ${short(stored.sha256)}`,
    };
  }
  if (isAsNamed(named, stored)) return undefined;
  const { input: asked, output: wanted } = named;
  const parts = (Object.keys(asked) as (keyof typeof asked)[]).filter(
    (part) => !isDeepStrictEqual(asked[part], stored.input[part]),
  );
  const show = (from: (part: keyof typeof asked) => unknown, out: string | undefined) =>
    [
      ...parts.map((part) => `${part} ${from(part) ?? 'bilinear'}`),
      ...(wanted !== undefined && wanted !== stored.output.name ? [`output ${out}`] : []),
    ].join(', ');
  return {
    received: show((part) => asked[part], wanted),
    expected: show((part) => stored.input[part], stored.output.name),
  };
}

type Hashes = NonNullable<ModelSettings['files']>;

/** First file with other contents, that is gone, or that is new; undefined for a renamed model. */
function changedFile(
  stored: Hashes,
  given: Hashes,
): { file: string; before?: string; now?: string } | undefined {
  const before = new Map(stored.map(({ file, sha256 }) => [file, sha256]));
  const now = new Map(given.map(({ file, sha256 }) => [file, sha256]));
  // A model of another name has no file in common with the stored one.
  if (!given.some(({ file }) => before.has(file))) return undefined;
  for (const file of new Set([...now.keys(), ...before.keys()])) {
    const [old, own] = [before.get(file), now.get(file)];
    if (old === own) continue;
    return {
      file,
      ...(old !== undefined && { before: old }),
      ...(own !== undefined && { now: own }),
    };
  }
  return undefined;
}

const short = (sha256: string) => `${sha256.slice(0, 12)}…`;
