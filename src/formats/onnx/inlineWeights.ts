/**
 * Puts weights that lie in other files into an ONNX model.
 *
 * Field numbers are those of `onnx.proto3` in the ONNX repository. Everything else of the model is
 * copied as it is encoded.
 */
import { LikenessError } from '../../core/errors.ts';
import { fieldsOf } from '../protobuf.ts';

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
/** Longest protobuf message, in bytes. */
const MAX_BYTES = 2 ** 31 - 1;

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
      else model.push(...message(MODEL.graph, await graphOf(part.value, read)));
    }
    return joined(model);
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
    const weights = message(TENSOR.raw, [await read(place)]);
    parts.push(...message(GRAPH.initializer, [...kept, ...weights]));
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

/** A message as a field: tag, length, and its parts. */
function message(field: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const length = lengthOf(parts);
  return [Uint8Array.from([...varint(field * 8 + 2), ...varint(length)]), ...parts];
}

function lengthOf(parts: readonly Uint8Array[]): number {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length <= MAX_BYTES) return length;
  throw new LikenessError('onnx.tooLarge', `its ${length} bytes with all weights exceed 2 GiB`);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
