/** config.json: every setting of a run, fully resolved, with the version of its layout. */
import { LikenessError, reasonOf } from '../core/errors.ts';
import { readRegularText, writeFileAtomic } from '../formats/index.ts';
import type { RunFolder } from './files.ts';
import { type JsonObject, parseJson } from './json.ts';

/**
 * Version of the layout: 1 stored flat settings with texts, 2 typed settings in groups, 3 the kind
 * of the run beside them, 4 stores hashes of the images, and 5 the ways of reading the source.
 */
export const configVersion = 5;

/** Writes config.json, indented by two spaces, with `version` before the given keys. */
export async function writeConfig(run: RunFolder, config: JsonObject): Promise<void> {
  await writeFileAtomic(
    run.files.config,
    `${JSON.stringify({ version: configVersion, ...config }, null, 2)}\n`,
  );
}

/**
 * Reads the configuration of a run without `version`.
 *
 * @throws LikenessError `config.missing`, `config.malformed`, or `config.version` for one written
 * by a newer program.
 */
export async function readConfig(run: RunFolder): Promise<JsonObject> {
  const file = run.files.config;
  let text: string;
  try {
    text = await readRegularText(file);
  } catch (error) {
    throw new LikenessError(
      'config.missing',
      `Could not read ${file}: ${reasonOf(error)}. Is ${run.path} a run?`,
      { cause: error },
    );
  }
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (error) {
    throw new LikenessError(
      'config.malformed',
      `${file} is not JSON: ${reasonOf(error)}. Restore it, or start a new run.`,
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new LikenessError(
      'config.malformed',
      `${file} must hold one JSON object. Restore it, or start a new run.`,
    );
  }
  const { version, ...config } = parsed as JsonObject;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw new LikenessError(
      'config.version',
      `${file} has version ${JSON.stringify(version) ?? 'none'}; expected ${configVersion}. Restore the file, or start a new run.`,
    );
  }
  if (version > configVersion) {
    throw new LikenessError(
      'config.version',
      `${file} has version ${version}; this program reads up to ${configVersion}. Use the newer ` +
        'likeness that made the run.',
    );
  }
  return config;
}
