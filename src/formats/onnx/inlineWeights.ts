/**
 * Puts weights that lie in other files into an ONNX model.
 *
 * Field numbers are those of `onnx.proto3` in the ONNX repository. Everything else of the model is
 * copied as it is encoded.
 */
import { LikenessError } from '../../core/errors.ts';
import { fieldsOf } from '../protobuf.ts';
import { joinedParts, messageParts } from './protobufParts.ts';

/** Place of one tensor's numbers, as an ONNX model states it. */
export interface OnnxExternalData {
  /** Path of the file, relative to the folder of the model. */
  readonly location: string;
  /** First byte. */
  readonly offset: number;
  /** Number of bytes; absent for all up to the end of the file. */
  readonly length?: number;
}

const MODEL = { graph: 7 } as const;
const GRAPH = { initializer: 5 } as const;
const TENSOR = { raw: 9, external: 13, location: 14 } as const;
const ENTRY = { key: 1, value: 2 } as const;
/** EXTERNAL in TensorProto's `data_location`. */
const EXTERNAL = 1;

/**
 * Returns the model with all weights inside.
 *
 * @param read returns the bytes of a tensor
 * @throws LikenessError `onnx.invalid` for bytes that are no model and places that are no numbers,
 * `onnx.tooLarge` above 2 GiB
 */
export async function inlineOnnxWeights(
  bytes: Uint8Array,
  read: (place: OnnxExternalData) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  try {
    const model: Uint8Array[] = [];
    for (const part of fieldsOf(bytes)) {
      if (part.field !== MODEL.graph || !part.value) model.push(part.encoded);
      else model.push(...messageParts(MODEL.graph, await graphOf(part.value, read)));
    }
    return joinedParts(model);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const reason = `the bytes are no ONNX model: ${error.message}`;
    throw new LikenessError('onnx.invalid', reason, { cause: error });
  }
}

async function graphOf(
  graph: Uint8Array,
  read: (place: OnnxExternalData) => Promise<Uint8Array>,
): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for (const { field, value, encoded } of fieldsOf(graph)) {
    const place = field === GRAPH.initializer && value ? placeOf(value) : undefined;
    if (!place) {
      parts.push(encoded);
      continue;
    }
    const kept = [...fieldsOf(value!)].flatMap((part) =>
      [TENSOR.raw, TENSOR.external, TENSOR.location].some((own) => own === part.field)
        ? []
        : [part.encoded],
    );
    const weights = messageParts(TENSOR.raw, [await read(place)]);
    parts.push(...messageParts(GRAPH.initializer, [...kept, ...weights]));
  }
  return parts;
}

/** Place of a tensor's numbers; undefined where they lie in the model. */
function placeOf(tensor: Uint8Array): OnnxExternalData | undefined {
  const entries = new Map<string, string>();
  let isExternal = false;
  for (const { field, value, number } of fieldsOf(tensor)) {
    if (field === TENSOR.location) isExternal = number === EXTERNAL;
    if (field !== TENSOR.external || !value) continue;
    const parts = new Map([...fieldsOf(value)].map((part) => [part.field, textOf(part.value)]));
    entries.set(parts.get(ENTRY.key) ?? '', parts.get(ENTRY.value) ?? '');
  }
  if (!isExternal) return undefined;
  const length = entries.get('length');
  return {
    ...{ location: entries.get('location') ?? '', offset: wholeOf(entries.get('offset') ?? '0') },
    ...(length !== undefined && { length: wholeOf(length) }),
  };
}

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

function wholeOf(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new RangeError(`the place ${JSON.stringify(text)} of weights`);
  return Number(text);
}
