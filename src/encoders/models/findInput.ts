/** The input of a model: from its name, the files beside it, and the model itself. */
import { LikenessError } from '../../core/errors.ts';
import { displayPath } from '../../core/text.ts';
import { exportedView, readOnnxMetadata } from '../onnxMetadata.ts';
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
  const described = await descriptionOf(file);
  const exported = exportedView(readOnnxMetadata(bytes) ?? {});
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
  const notes = [...(described?.notes ?? []), ...found.notes];
  return { input, notes, ...(described && { describedBy: described.file }) };
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
  return { input, notes: [] };
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

/** Values that an error shows for a part. */
const EXAMPLES = {
  size: '?size=224',
  resize: '?resize=256',
  mean: '?mean=0.485,0.456,0.406',
  std: '?std=0.229,0.224,0.225',
} as const;
const MEANINGS = {
  size: 'the side of the images that the model takes',
  resize: 'how images are resized before they are cropped',
  mean: 'the mean of colors that the model subtracts',
  std: 'the deviation of colors that the model divides by',
} as const;

/** Error for a part that changes features and that nothing tells. */
function missing({ file, keys }: Description, part: keyof typeof EXAMPLES): LikenessError {
  const key = keys[part] ?? part;
  return new LikenessError(
    'encoder.preprocessor',
    `encoder: received ${displayPath(file)} without "${key}"; expected ${MEANINGS[part]}, which ` +
      `changes its features. Add "${key}" to the file, or give it behind the name of the model, ` +
      `such as "${EXAMPLES[part]}".`,
  );
}
