/** An encoder in a file, whoever has written it. */
import { statSync } from 'node:fs';
import { silent } from '../core/reporter.ts';
import { readRegular } from '../formats/index.ts';
import type { ImageEncoder } from './encoder.ts';
import { isHubId } from './hub/index.ts';
import { type ModelFileOptions, openModelFile } from './models/modelFile.ts';
import { onnxModel } from './models/onnxModel.ts';
import { onnxEncoder } from './onnxEncoder.ts';
import { readOnnxMetadata } from './onnxMetadata.ts';

/**
 * Opens an encoder that likeness has exported, whose features have length 1, or a pretrained model.
 *
 * @param path ONNX file, folder of a hub, or id of a model of the hub
 * @throws LikenessError `encoder.*`, `hub.*`
 */
export async function modelEncoder(
  path: string,
  options: ModelFileOptions & { threads: number },
): Promise<ImageEncoder> {
  if (await isExported(path)) return onnxEncoder(path);
  const { reporter = silent, threads } = options;
  const { settings, tensors, notes } = await openModelFile(path, options);
  for (const message of notes) reporter.note({ code: 'encoder.model', message });
  return onnxModel({ engine: { threads }, settings, tensors });
}

/** True for a file that likeness has exported. */
async function isExported(path: string): Promise<boolean> {
  if (isHubId(path)) return false;
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found || found.isDirectory()) return false;
  try {
    return readOnnxMetadata(await readRegular(path))?.['likeness.image_size'] !== undefined;
  } catch {
    return false; // the error of opening it as a model says more
  }
}
