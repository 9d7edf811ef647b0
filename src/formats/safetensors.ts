/**
 * Safetensors format: 8 bytes header length (little-endian u64), a JSON header, then the tensors'
 * bytes.
 *
 *     { "__metadata__": { "key": "text" },
 *       "name": { "dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24] } }
 *
 * As in the reference implementation, the header is padded with spaces so that the data starts at a
 * multiple of 8, tensors are sorted by element size (widest first) and then by name, and their byte
 * ranges have no gaps. The same tensors and metadata always give the same bytes.
 *
 * Reference: https://github.com/huggingface/safetensors#format
 */
import { LikenessError, reasonOf } from '../core/errors.ts';
import {
  bytesOf,
  checkTensor,
  copyOfBytes,
  dtypeOfCode,
  dtypes,
  elementCount,
  type StoredTensor,
} from './dtypes.ts';
import { bytesInPieces, type Pieces } from './inPieces.ts';

export type Tensors = Record<string, StoredTensor>;
export type Metadata = Record<string, string>;

export interface DecodedSafetensors {
  /** Tensors by name, in the order of the header. */
  readonly tensors: Tensors;
  readonly metadata: Metadata;
}

/** Maximum header length of the reference implementation. */
export const MAX_HEADER_BYTES = 100_000_000;

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/** Header entry of a tensor. */
type TensorFacts = Pick<StoredTensor, 'dtype' | 'shape'>;

/** Tensor as a stream of arrays. */
export type StreamedTensor = TensorFacts & { readonly pieces: Pieces };

/** Length and header of a file, and the names of the tensors in the order of their bytes. */
function safetensorsHead(
  tensors: Readonly<Record<string, TensorFacts>>,
  metadata: Metadata = {},
): { head: Uint8Array; names: string[] } {
  const order = Object.keys(dtypes);
  const names = Object.keys(tensors).sort((a, b) => {
    const byType = order.indexOf(tensors[a]!.dtype) - order.indexOf(tensors[b]!.dtype);
    return byType || (a < b ? -1 : 1);
  });
  const header: [string, Metadata | HeaderEntry][] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) {
    header.push(['__metadata__', Object.fromEntries(keys.map((key) => [key, metadata[key]!]))]);
  }
  let offset = 0;
  for (const name of names) {
    const { dtype, shape } = tensors[name]!;
    if (name === '__metadata__') {
      throw new LikenessError(
        'tensor.name',
        'A tensor is named "__metadata__", which safetensors reserves; rename it.',
      );
    }
    const { code, bytes } = dtypes[dtype];
    const end = offset + elementCount(shape) * bytes;
    header.push([name, { dtype: code, shape: [...shape], data_offsets: [offset, end] }]);
    offset = end;
  }
  // Entries are written one by one because an object would move names that look like numbers to the
  // front.
  const entries = header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const text = `{${entries.join(',')}}`;
  const json = Buffer.from(text);
  const padded = Math.ceil(json.byteLength / 8) * 8;
  if (padded > MAX_HEADER_BYTES) {
    throw new LikenessError(
      'safetensors.header',
      `The header would be ${padded} bytes; safetensors allows ${MAX_HEADER_BYTES}. Store fewer ` +
        'or shorter metadata.',
    );
  }
  const head = Buffer.alloc(8 + padded, ' ');
  head.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(head, 8);
  return { head, names };
}

/**
 * Encodes a file in pieces: the length and header, then the bytes of each tensor.
 *
 * The tensor pieces are views of the given arrays, so that no file needs a second copy in memory.
 *
 * @throws LikenessError if a tensor's shape, dtype and data do not agree.
 */
export function safetensorsChunks(tensors: Tensors, metadata: Metadata = {}): Uint8Array[] {
  for (const [name, tensor] of Object.entries(tensors)) checkTensor(name, tensor);
  const { head, names } = safetensorsHead(tensors, metadata);
  return [head, ...names.map((name) => bytesOf(tensors[name]!.data))];
}

/**
 * Encodes a file from streamed tensors.
 *
 * @throws LikenessError `safetensors.header`, or `tensor.shape` if a tensor's length differs from
 * its shape.
 */
export async function* safetensorsStream(
  tensors: Readonly<Record<string, StreamedTensor>>,
  metadata: Metadata = {},
): AsyncGenerator<Uint8Array> {
  const { head, names } = safetensorsHead(tensors, metadata);
  yield head;
  for (const name of names) {
    const { dtype, shape, pieces } = tensors[name]!;
    yield* bytesInPieces(name, pieces, elementCount(shape) * dtypes[dtype].bytes);
  }
}

/** Encodes a whole file as bytes. See {@link safetensorsChunks}. */
export function encodeSafetensors(tensors: Tensors, metadata: Metadata = {}): Uint8Array {
  const buffer = Buffer.concat(safetensorsChunks(tensors, metadata));
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/**
 * Decodes a file. Arrays are views of `bytes`, or copies if the bytes are not aligned.
 *
 * @param name name of the file in messages.
 * @throws LikenessError `safetensors.malformed` for anything that is not a complete, well-formed
 * file, and `safetensors.dtype` for an element type that likeness does not read.
 */
export function decodeSafetensors(bytes: Uint8Array, name = 'The file'): DecodedSafetensors {
  const { header, metadata, dataStart } = readHeader(bytes, name);
  const dataBytes = bytes.byteLength - dataStart;
  const tensors: Tensors = {};
  const ranges: TensorRange[] = [];
  for (const [key, value] of header) {
    const { dtype: code, shape, data_offsets: offsets } = checkEntry(key, value, name);
    const dtype = dtypeOfCode(code);
    if (dtype === undefined) {
      throw new LikenessError(
        'safetensors.dtype',
        `${name}: tensor "${key}" has element type ${code}; likeness reads ${codes()}. Convert ` +
          'the tensor first.',
      );
    }
    const entry = dtypes[dtype];
    const [start, end] = offsets;
    const count = elementCount(shape);
    if (end - start !== count * entry.bytes) {
      throw malformed(
        name,
        `tensor "${key}" of shape [${shape.join(', ')}] and type ${code} needs ` +
          `${count * entry.bytes} bytes but has ${end - start}`,
      );
    }
    if (end > dataBytes) {
      throw malformed(
        name,
        `tensor "${key}" ends at byte ${dataStart + end} of a file of ${bytes.byteLength} bytes`,
      );
    }
    ranges.push([start, end, key]);
    const at = bytes.byteOffset + dataStart + start;
    const aligned = at % entry.bytes === 0 && bytes.buffer instanceof ArrayBuffer;
    const buffer = aligned
      ? (bytes.buffer as ArrayBuffer)
      : copyOfBytes(bytes, dataStart + start, dataStart + end);
    const data = new entry.array(buffer, aligned ? at : 0, count);
    Object.defineProperty(tensors, key, { value: { dtype, shape, data }, enumerable: true });
  }
  const expected = endOfRanges(ranges, name);
  if (expected !== dataBytes)
    throw malformed(name, `${dataBytes} bytes of data, but the header describes ${expected}`);
  return { tensors, metadata };
}

/** Start and end of a tensor's bytes, and its name. */
export type TensorRange = readonly [start: number, end: number, name: string];

/**
 * Returns the end of the data, whose ranges have to follow each other without gaps and overlaps.
 *
 * @throws LikenessError `safetensors.malformed`
 */
export function endOfRanges(ranges: readonly TensorRange[], name: string): number {
  let expected = 0;
  for (const [start, end, key] of ranges.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (start !== expected) {
      const reason = `tensor "${key}" starts at byte ${start} of the data, expected ${expected}`;
      throw malformed(name, reason);
    }
    expected = end;
  }
  return expected;
}

/**
 * Reads header, metadata and total length from the first bytes of a file.
 *
 * @param size bytes of the whole file, where `bytes` are its first ones
 */
export function readHeader(bytes: Uint8Array, name = 'The file', size = bytes.byteLength) {
  if (bytes.byteLength < 8) {
    throw malformed(name, `${bytes.byteLength} bytes are too few for a header`);
  }
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.readBigUInt64LE(0));
  if (8 + length > size) {
    throw malformed(name, `the header should have ${length} bytes, the file has ${size}`);
  }
  if (length > MAX_HEADER_BYTES) {
    throw malformed(
      name,
      `the header should have ${length} bytes, more than the ${MAX_HEADER_BYTES} of the format`,
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(view.subarray(8, 8 + length)),
    );
  } catch (error) {
    throw malformed(name, `the header is not JSON: ${reasonOf(error)}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw malformed(name, 'the header is not a JSON object');
  }
  const all = Object.entries(parsed as Record<string, unknown>);
  const metadata = (all.find(([key]) => key === '__metadata__')?.[1] ?? {}) as Metadata;
  if (
    typeof metadata !== 'object' ||
    Object.values(metadata).some((value) => typeof value !== 'string')
  ) {
    throw malformed(name, '"__metadata__" must map text to text');
  }
  return { header: all.filter(([key]) => key !== '__metadata__'), metadata, dataStart: 8 + length };
}

/**
 * Adds up the bytes of a file with this header, and those of its tensors.
 *
 * @param head at least the first bytes of the file, up to the end of the header
 * @param size bytes of the whole file
 * @throws LikenessError `safetensors.malformed`
 */
export function describedBytes(
  head: Uint8Array,
  name = 'The file',
  size = head.byteLength,
): { file: number; tensors: number } {
  const { header, dataStart } = readHeader(head, name, size);
  const ends = header.map(([key, value]) => checkEntry(key, value, name).data_offsets[1]);
  const tensors = ends.reduce((most, end) => Math.max(most, end), 0);
  return { file: dataStart + tensors, tensors };
}

export function checkEntry(key: string, value: unknown, name: string): HeaderEntry {
  const entry = value as Partial<HeaderEntry> | null;
  const shape = entry?.shape;
  const offsets = entry?.data_offsets;
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((item) => Number.isSafeInteger(item) && item >= 0);
  if (
    typeof entry?.dtype !== 'string' ||
    !whole(shape) ||
    !whole(offsets) ||
    offsets.length !== 2
  ) {
    throw malformed(
      name,
      `the entry of tensor "${key}" lacks a valid dtype, shape or data_offsets`,
    );
  }
  return { dtype: entry.dtype, shape, data_offsets: offsets as [number, number] };
}

export function malformed(name: string, reason: string): LikenessError {
  return new LikenessError(
    'safetensors.malformed',
    `${name} is not a complete safetensors file: ${reason}. It may be cut off or damaged; use ` +
      'another copy or write it again.',
  );
}

function codes(): string {
  return Object.values(dtypes)
    .map((entry) => entry.code)
    .join(', ');
}
