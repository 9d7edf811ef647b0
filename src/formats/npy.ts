/**
 * NumPy's .npy format, version 1.0: magic, version, header length (u16), a Python dictionary as
 * text, and the numbers.
 *
 * The header is padded with spaces and ends with a newline so that the data starts at a multiple of
 * 64.
 *
 * Reference: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { LikenessError } from '../core/errors.ts';
import { bytesOf, copyOfBytes, elementCount } from './dtypes.ts';
import { bytesInPieces } from './inPieces.ts';

export interface NpyArray {
  /** For example `[N, D]`, row-major. */
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

const MAGIC = Buffer.from('\x93NUMPY\x01\x00', 'latin1');

/**
 * Encodes an .npy file that `numpy.load` opens as float32 or int32 of the given shape.
 *
 * @throws LikenessError if the shape does not have as many elements as `data`.
 */
export function encodeNpy({ shape, data }: NpyArray): Uint8Array {
  if (elementCount(shape) !== data.length) {
    throw new LikenessError(
      'tensor.shape',
      `Shape [${shape.join(', ')}] does not describe ${data.length} numbers; the product must ` +
        'equal the count.',
    );
  }
  const bytes = Buffer.concat([
    head(shape, data instanceof Float32Array ? '<f4' : '<i4'),
    bytesOf(data),
  ]);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Encodes an .npy file of float32 from a stream of pieces.
 *
 * @throws LikenessError `tensor.shape` if the shape does not have as many elements.
 */
export async function* npyStream(
  shape: readonly number[],
  data: AsyncIterable<Float32Array>,
): AsyncGenerator<Uint8Array> {
  yield head(shape, '<f4');
  yield* bytesInPieces('data', data, elementCount(shape) * Float32Array.BYTES_PER_ELEMENT);
}

/** Encodes everything before the numbers. */
function head(shape: readonly number[], descriptor: '<f4' | '<i4'): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((MAGIC.length + 2 + text.length + 1) / 64) * 64;
  const out = Buffer.alloc(length, ' ');
  MAGIC.copy(out, 0);
  out.writeUInt16LE(length - MAGIC.length - 2, MAGIC.length);
  out.write(text, MAGIC.length + 2, 'latin1');
  out[length - 1] = 0x0a;
  return out;
}

/**
 * Reads an .npy file of float32 or int32 in row-major order, as written by {@link encodeNpy} or by
 * NumPy.
 *
 * @param name name of the file in messages.
 * @throws LikenessError `npy.malformed` for damaged files, other element types or column-major
 * order.
 */
export function decodeNpy(bytes: Uint8Array, name = 'The file'): NpyArray {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 10 || !view.subarray(0, 6).equals(MAGIC.subarray(0, 6))) {
    throw malformed(name, 'it does not start with the magic bytes of .npy');
  }
  const major = view[6]!;
  if (major < 1 || major > 3) throw malformed(name, `version ${major} is unknown`);
  const wide = major > 1;
  if (wide && view.length < 12) throw malformed(name, 'the header is cut off');
  const start = wide ? 12 + view.readUInt32LE(8) : 10 + view.readUInt16LE(8);
  const header = view.toString('latin1', wide ? 12 : 10, start);
  const descriptor = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const tuple = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descriptor === undefined || tuple === undefined || start > view.length) {
    throw malformed(name, 'the header is cut off or lacks descr and shape');
  }
  if (/'fortran_order':\s*True/.test(header)) {
    throw malformed(name, 'it is column-major; save it with numpy.ascontiguousarray');
  }
  if (descriptor !== '<f4' && descriptor !== '<i4') {
    throw malformed(
      name,
      `its element type is ${descriptor}; expected <f4 (float32) or <i4 (int32)`,
    );
  }
  const shape = tuple
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map(Number);
  const count = elementCount(shape);
  if (view.length - start !== count * 4) {
    const found = view.length - start;
    throw malformed(name, `shape (${tuple}) needs ${count * 4} bytes, the file has ${found}`);
  }
  const data = copyOfBytes(bytes, start);
  return { shape, data: descriptor === '<f4' ? new Float32Array(data) : new Int32Array(data) };
}

function malformed(name: string, reason: string): LikenessError {
  return new LikenessError('npy.malformed', `${name} cannot be read as .npy: ${reason}.`);
}
