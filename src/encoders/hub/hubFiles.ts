/** The files of a repository that likeness needs. */
import type { LikenessError } from '../../core/errors.ts';
import { type AskedFor, hubError } from './hubErrors.ts';
import type { HubId } from './hubId.ts';
import { isSafePath } from './hubId.ts';

/** Files that describe a model: its input, its size, its license. */
export const DESCRIBING = ['config.json', 'preprocessor_config.json', 'README.md'] as const;

/**
 * Places of the ONNX file, the best first. A repository with a file for images alone has one for
 * images and text beside it.
 */
const PLACES = [
  'onnx/vision_model.onnx',
  'vision_model.onnx',
  'onnx/model.onnx',
  'model.onnx',
] as const;

const MAX_LISTED = 8;

/** Lists the ONNX files of names that others have chosen. */
export function onnxFilesOf(names: readonly string[]): string[] {
  return names.filter((name) => /\.onnx$/i.test(name) && isSafePath(name)).sort();
}

/**
 * Chooses the ONNX file: the one asked for, else one with weights in float32 in a usual place, else
 * the only one that is no variant of a usual one.
 *
 * @param asked request for errors; without one, undefined stands for no file
 * @throws LikenessError `hub.file`
 */
export function chooseFile(names: readonly string[], wanted: HubId, asked: AskedFor): string;
export function chooseFile(names: readonly string[], wanted: HubId): string | undefined;
export function chooseFile(
  names: readonly string[],
  { file: given }: HubId,
  asked?: AskedFor,
): string | undefined {
  const all = onnxFilesOf(names);
  const usual = given === undefined ? PLACES.find((place) => all.includes(place)) : given;
  const others = all.filter((name) => !/(^|\/)(\w+_)?model(_\w+)?\.onnx$/.test(name));
  const file = usual ?? (others.length === 1 ? others[0] : undefined);
  if (file !== undefined && all.includes(file)) return file;
  if (asked) throw unsuitable(asked, { given, all });
  return undefined;
}

/** Files in which an ONNX file keeps weights, by the names that exporters give them. */
export function weightsOf(names: readonly string[], file: string): string[] {
  return names
    .filter((name) => name.startsWith(file) && /^[._]data(_\d+)?$/.test(name.slice(file.length)))
    .filter(isSafePath);
}

function unsuitable(
  asked: AskedFor,
  { given, all }: { given: string | undefined; all: readonly string[] },
): LikenessError {
  const expected = given ?? PLACES.slice(0, 3).join(', ');
  const text =
    all.length === 0
      ? 'lists no ONNX file; expected one. Choose an ONNX export of the model, as ' +
        'onnx-community and Xenova have them.'
      : `lists the ONNX files ${listed(all)}; expected ${expected}. Name one with #, such as ` +
        `#${all[0]}.`;
  return hubError(asked, 'hub.file', text);
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_LISTED;
  return `${names.slice(0, MAX_LISTED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
