/** The input of a model: from its name, the files beside it, and the model itself. */
import { LikenessError } from '../../core/errors.ts';
import { displayPath } from '../../core/text.ts';
import { exportedView, readOnnxMetadata } from '../onnxMetadata.ts';
import { exampleOf, type ToldParts } from './checkedKeys.ts';
import { descriptionOf } from './description.ts';
import { IMAGENET, type ImageInput } from './imageInput.ts';
import { type ModelGraph, ownScale } from './modelGraph.ts';
import type { ModelInput } from './modelSession.ts';
import type { Description } from './preprocessor.ts';

/** Side of the images where neither the model nor its files tell one. */
const USUAL_SIZE = 224;

export interface FoundParts {
  bytes: Uint8Array;
  graph: ModelGraph;
  model: ModelInput;
  /** Parts that a person gave. */
  given: Partial<ImageInput>;
}

/**
 * Finds the input of a model, with notes on what was assumed, and the file that describes it.
 *
 * @throws LikenessError `encoder.input` for a size that the model does not take,
 * `encoder.preprocessor` for a file beside it that is damaged, or leaves out what nothing else
 * states
 */
export async function findInput(
  file: string,
  { bytes, graph, model, given }: FoundParts,
): Promise<{ input: ImageInput; notes: string[]; describedBy?: string }> {
  const exported = exportedView(readOnnxMetadata(bytes) ?? {});
  const told = toldParts(given, exported !== undefined);
  const described = await descriptionOf(file, told);
  // The view in an exported model is the exact one; files beside it are for other programs.
  const own: Partial<ImageInput> = {
    ...described?.input,
    ...exported,
    ...(exported && { resize: exported.resize ?? exported.size, kernel: exported.kernel }),
  };
  const colors = exported ? scaledBy('fractions') : scaledBy(ownScale(graph, model.name));
  const known: Known = { own, colors, given, fixed: model.size };
  const found = described ? stated(described, known) : usual(known);
  const { input } = found;
  if (model.size !== undefined && input.size !== model.size) {
    throw new LikenessError(
      'encoder.input',
      `size: received ${input.size}; expected ${model.size}, to which ${displayPath(file)} is fixed`,
    );
  }
  const notes = [...(described?.notes ?? []), ...found.notes, ...notesOnColors(input, given)];
  return { input, notes, ...(described && { describedBy: described.file }) };
}

/** Parts that files beside the model need not tell. */
function toldParts(given: Partial<ImageInput>, isExported: boolean): ToldParts {
  const parts = Object.keys(given) as (keyof ImageInput)[];
  const view = isExported ? (['size', 'resize', 'fit', 'kernel'] as const) : [];
  return new Set([...parts.filter((part) => given[part] !== undefined), ...view]);
}

type Colors = Pick<ImageInput, 'scale' | 'mean' | 'std'>;

/** Parts by their origin. */
interface Known {
  /** Of the files beside the model, and of a model that likeness has exported. */
  own: Partial<ImageInput>;
  /** Of a model that normalizes colors itself. */
  colors: Colors | undefined;
  given: Partial<ImageInput>;
  /** Side that the model is fixed to, in pixels. */
  fixed: number | undefined;
}

/** Colors of a model that normalizes them itself; undefined for another. */
function scaledBy(scale: ReturnType<typeof ownScale>): Colors | undefined {
  if (scale === 'none') return undefined;
  return { scale: scale === 'bytes' ? 1 : 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] };
}

interface Found {
  input: ImageInput;
  notes: string[];
}

/** Input of a bare model, with usual values for what is unknown. */
function usual({ own, colors, given, fixed }: Known): Found {
  const notes: string[] = [];
  if (own.size === undefined && fixed === undefined && given.size === undefined) {
    notes.push(
      `It takes images of any size; they are made ${USUAL_SIZE} px, as usual. "?size=160" behind ` +
        'its name makes another of it.',
    );
  }
  if (!colors && given.mean === undefined && given.std === undefined) {
    notes.push(
      "Nothing beside it says how colors are normalized; ImageNet's mean and deviation are taken. " +
        '"?mean=0.5,0.5,0.5&std=0.5,0.5,0.5" behind its name gives others.',
    );
  }
  const size = given.size ?? fixed ?? own.size ?? USUAL_SIZE;
  const imagenet: Colors = { scale: 1 / 255, mean: [...IMAGENET.mean], std: [...IMAGENET.std] };
  const resize = resizeOf({ own, given, size }) ?? size;
  const plain = { fit: 'crop', channels: 'rgb', ...(colors ?? imagenet) } as const;
  return { input: { ...plain, ...own, ...given, size, resize: Math.max(size, resize) }, notes };
}

/** Input that a file describes. A part that stays unknown is an error. */
function stated(description: Description, { own, colors, given, fixed }: Known): Found {
  const size = given.size ?? fixed ?? own.size;
  if (size === undefined) throw missing(description, 'size');
  const resize = resizeOf({ own, given, size });
  if (resize === undefined) throw missing(description, 'resize');
  // A model that normalizes colors takes bytes or fractions, where its file states no mean.
  const isOwn = colors && own.mean === undefined && own.std === undefined;
  const { mean, std, ...rest } = { ...own, ...(isOwn && colors), ...given };
  if (!mean) throw missing(description, 'mean');
  if (!std) throw missing(description, 'std');
  const plain = { fit: 'crop', channels: 'rgb', scale: 1 / 255 } as const;
  const input = { ...plain, ...rest, mean, std, size, resize: Math.max(size, resize) };
  const isOther = given.size === undefined && own.size !== undefined && own.size !== size;
  const note =
    `${displayPath(description.file)} states images of ${own.size} px; they are made ${size} px, ` +
    'to which the model is fixed.';
  return { input, notes: isOther ? [note] : [] };
}

/** Largest mean in bytes that is rather one of colors from 0 to 1. */
const FRACTION = 1;

/** Tells of a mean that is not on the scale of the colors, unless a person gave it. */
function notesOnColors({ mean, scale }: ImageInput, given: Partial<ImageInput>): string[] {
  if (given.mean !== undefined || given.scale !== undefined) return [];
  const top = Math.round(scale * 255 * 1000) / 1000;
  const isOutside = mean.some((value) => value < 0 || value > top);
  const isFraction = top === 255 && mean.some((v) => v > 0) && mean.every((v) => v <= FRACTION);
  if (!isOutside && !isFraction) return [];
  const other = isFraction
    ? '"?scale=0.0039216" (colors from 0 to 1)'
    : '"?scale=1" (colors from 0 to 255)';
  return [
    `The mean ${mean.join(', ')} is unusual for colors from 0 to ${top}, and is taken as it is. ` +
      `${other} or "?mean=0.5,0.5,0.5" behind the name of the model changes that.`,
  ];
}

/**
 * Side before cropping. A described crop keeps its share where the model is fixed to another size;
 * a side that a person gives is not cropped. Undefined where nothing tells it.
 */
function resizeOf({
  own,
  given,
  size,
}: Pick<Known, 'own' | 'given'> & { size: number }): number | undefined {
  if (given.resize !== undefined) return given.resize;
  if (given.size !== undefined) return size;
  if (own.resize === undefined) return undefined;
  return own.size === undefined ? own.resize : Math.round((size * own.resize) / own.size);
}

/** Meanings of the parts, for errors. */
const MEANINGS = {
  size: 'the side of the images that the model takes',
  resize: 'how images are resized before they are cropped',
  mean: 'the mean of colors that the model subtracts',
  std: 'the deviation of colors that the model divides by',
} as const;

/** Error for a part that changes features and that nothing tells. */
function missing({ file, keys }: Description, part: keyof typeof MEANINGS): LikenessError {
  const key = keys[part] ?? part;
  return new LikenessError(
    'encoder.preprocessor',
    `encoder: received ${displayPath(file)} without "${key}"; expected ${MEANINGS[part]}, which ` +
      `changes its features. Add "${key}" to the file, or give it behind the name of the model, ` +
      `such as "${exampleOf([part])}".`,
  );
}
