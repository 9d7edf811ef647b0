/** Names of models with parts of their input and output, such as `m.onnx?size=96&output=tokens`. */
import { existsSync } from 'node:fs';
import { LikenessError } from '../../core/errors.ts';
import { isHubId } from '../hub/index.ts';
import { type ImageInput, imageInput } from './imageInput.ts';
import type { ModelSettings } from './onnxModel.ts';

/** A model as a person names it. */
export interface NamedModel {
  /** Path of the file or folder, or id of the hub. */
  readonly path: string;
  /** Everything from the question mark on; empty where there is none. */
  readonly suffix: string;
  /** Name of the output; absent where a rule chooses it. */
  readonly output?: string;
  /** Parts of the input that the name states. */
  readonly input: Partial<ImageInput>;
}

/** Place from which a model was opened. */
export interface ModelPlace {
  /** Folder of the model and of the files beside it. */
  readonly folder: string;
  /** Name as a person gave it. */
  readonly named: NamedModel;
}

const parts = imageInput.partial();
const KEYS = [...Object.keys(imageInput.shape), 'output'];
/** Parts that are numbers, one for each color. */
const TRIPLES = ['mean', 'std'];
const WORDS = ['fit', 'kernel', 'channels'];

/**
 * Reads a name. Parts stand behind a question mark as in addresses: `output`, `size`, `resize`,
 * `fit` (crop, squash), `kernel` (bilinear, bicubic, lanczos), `channels` (rgb, bgr), `scale`, and
 * `mean` and `std` with three numbers each. A path that exists is one, with or without such a mark.
 *
 * @throws LikenessError `encoder.name` for other parts and values
 */
export function parseModelName(text: string): NamedModel {
  const at = text.lastIndexOf('?');
  if (at < 0 || (!isHubId(text) && existsSync(text))) return { path: text, suffix: '', input: {} };
  const suffix = text.slice(at);
  const refuse = (expected: string): never => {
    throw new LikenessError(
      'encoder.name',
      `encoder: received ${JSON.stringify(suffix)} behind the name; expected ${expected}`,
    );
  };
  const given: Record<string, unknown> = {};
  let output: string | undefined;
  for (const [key, value] of new URLSearchParams(suffix)) {
    if (!KEYS.includes(key)) refuse(`parts named ${KEYS.join(', ')}`);
    if (key === 'output') output = value;
    else if (TRIPLES.includes(key)) given[key] = value.split(',').map(Number);
    else given[key] = WORDS.includes(key) ? value : Number(value || Number.NaN);
  }
  const { data: input, error } = parts.safeParse(given);
  if (error) {
    const [{ path, message }] = error.issues as [(typeof error.issues)[number]];
    return refuse(`another value of ${String(path[0])} (${message})`);
  }
  return { path: text.slice(0, at), suffix, input, ...(output !== undefined && { output }) };
}

/** Tells if a model that was opened before is as the name states. */
export function isAsNamed({ input, output }: NamedModel, settings: ModelSettings): boolean {
  const isSame = ([key, value]: [string, unknown]) =>
    JSON.stringify(settings.input[key as keyof ImageInput]) === JSON.stringify(value);
  return (
    Object.entries(input).every(isSame) && (output === undefined || output === settings.output.name)
  );
}
