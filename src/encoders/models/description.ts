/** The files of hubs beside a model, which describe its input. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LikenessError, reasonOf } from '../../core/errors.ts';
import { displayPath } from '../../core/text.ts';
import { readRegularText } from '../../formats/index.ts';
import type { ToldParts } from './checkedKeys.ts';
import { type Description, readPreprocessor } from './preprocessor.ts';
import { readTimm } from './timmConfig.ts';

/** Folder of a model: that of its file, or the one above a folder `onnx`. */
export function folderOf(file: string): string {
  const folder = dirname(file);
  return basename(folder) === 'onnx' ? dirname(folder) : folder;
}

/**
 * Reads `preprocessor_config.json` or timm's `config.json` beside a model, or beside its folder
 * `onnx`; undefined without them.
 *
 * @param told parts that these files need not tell
 * @throws LikenessError `encoder.preprocessor`
 */
export async function descriptionOf(
  file: string,
  told: ToldParts = new Set(),
): Promise<Description | undefined> {
  for (const place of new Set([folderOf(file), dirname(file)])) {
    const path = join(place, 'preprocessor_config.json');
    if (existsSync(path)) return readPreprocessor(await readJson(path), { file: path, told });
    const config = join(place, 'config.json');
    const found = existsSync(config)
      ? readTimm(await readJson(config), { file: config, told })
      : undefined;
    if (found) return found;
  }
  return undefined;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readRegularText(path));
  } catch (error) {
    throw new LikenessError(
      'encoder.preprocessor',
      `${displayPath(path)} is not JSON: ${reasonOf(error)}. Restore the file of the model.`,
    );
  }
}
