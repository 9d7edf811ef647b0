/** Reading a safetensors file in parts, for tensors that need not fit in memory. */
import type { FileHandle } from 'node:fs/promises';
import { LikenessError, reasonOf } from '../core/errors.ts';
import {
  bytesOf,
  dtypeOfCode,
  dtypes,
  elementCount,
  type StoredData,
  type StoredDType,
} from './dtypes.ts';
import { floatOfBrain, floatOfHalf } from './halves.ts';
import { openRegular } from './regularFile.ts';
import {
  checkEntry,
  describedBytes,
  endOfRanges,
  MAX_HEADER_BYTES,
  type Metadata,
  malformed,
  readHeader,
  type TensorRange,
} from './safetensors.ts';

/** A tensor in an open file. */
export interface FiledTensor {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** Reads `count` numbers from the number at `start` on, in row-major order. */
  read(start: number, count: number): Promise<StoredData>;
}

export interface SafetensorsFile {
  /**
   * Tensors by name. Half-precision floats are read as float32, and element types that likeness
   * does not read are left out.
   */
  readonly tensors: Readonly<Record<string, FiledTensor>>;
  readonly metadata: Metadata;
  close(): Promise<void>;
}

/**
 * Opens a safetensors file and reads its header.
 *
 * @throws LikenessError `safetensors.missing`, `safetensors.malformed`
 */
export async function openSafetensors(file: string): Promise<SafetensorsFile> {
  const handle = await openRegular(file).catch((error: unknown) => {
    throw new LikenessError(
      'safetensors.missing',
      `Could not read ${file}: ${reasonOf(error)}. Check the path.`,
      { cause: error },
    );
  });
  try {
    const { size } = await handle.stat();
    const head = await readHead(handle, size);
    const { header, metadata, dataStart } = readHeader(head, file, size);
    const tensors: Record<string, FiledTensor> = {};
    const ranges: TensorRange[] = [];
    for (const [name, value] of header) {
      const { dtype: code, shape, data_offsets: offsets } = checkEntry(name, value, file);
      ranges.push([...offsets, name]);
      const half = Object.hasOwn(halves, code) ? halves[code] : undefined;
      const dtype = half ? 'float32' : dtypeOfCode(code);
      if (dtype === undefined) continue;
      const at = dataStart + offsets[0];
      const bytes = elementCount(shape) * (half ? HALF_BYTES : dtypes[dtype].bytes);
      if (bytes !== offsets[1] - offsets[0] || at + bytes > size) {
        throw malformed(file, `tensor "${name}" does not fit in the file`);
      }
      tensors[name] = tensorAt(handle, { dtype, shape, at, half });
    }
    endOfRanges(ranges, file);
    const described = describedBytes(head, file).file;
    if (described < size) {
      throw malformed(file, `it has ${size} bytes, but the header describes ${described}`);
    }
    return { tensors, metadata, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Reads the bytes of an open file whole, after its header has told that they are as many as there
 * should be.
 *
 * @param about name of the file in messages, and most bytes of the tensors
 * @throws LikenessError `safetensors.malformed`; `safetensors.tooLarge`, which begins with the
 * number of bytes
 */
export async function readSafetensorsBytes(
  handle: FileHandle,
  about: { name: string; maxBytes?: number },
): Promise<Uint8Array> {
  const { name, maxBytes = Number.POSITIVE_INFINITY } = about;
  const { size } = await handle.stat();
  const described = describedBytes(await readHead(handle, size), name, size);
  if (described.file !== size) {
    throw malformed(name, `it has ${size} bytes, but the header describes ${described.file}`);
  }
  if (described.tensors > maxBytes) {
    throw new LikenessError(
      'safetensors.tooLarge',
      `its tensors have ${described.tensors} bytes, and at most ${maxBytes} are expected`,
    );
  }
  const bytes = new Uint8Array(size);
  await fill(handle, bytes, 0);
  return bytes;
}

/** Element types of two bytes by code, as functions from bits to numbers. */
const halves: Readonly<Record<string, (bits: number) => number>> = {
  F16: floatOfHalf,
  BF16: floatOfBrain,
};
const HALF_BYTES = 2;

interface Place {
  dtype: StoredDType;
  shape: readonly number[];
  /** First byte. */
  at: number;
  /** Reads elements of two bytes; absent for those of `dtype`. */
  half: ((bits: number) => number) | undefined;
}

function tensorAt(handle: FileHandle, { dtype, shape, at, half }: Place): FiledTensor {
  const { bytes, array } = dtypes[dtype];
  const total = elementCount(shape);
  return {
    dtype,
    shape,
    async read(start, count) {
      if (start < 0 || count < 0 || start + count > total) {
        throw new RangeError(`read: received ${start} + ${count} of ${total} numbers`);
      }
      if (half) {
        const bits = new Uint16Array(count);
        await fill(handle, bytesOf(bits), at + start * HALF_BYTES);
        return Float32Array.from(bits, half);
      }
      const data = new array(new ArrayBuffer(count * bytes), 0, count);
      await fill(handle, bytesOf(data), at + start * bytes);
      return data;
    },
  };
}

async function readHead(handle: FileHandle, size: number): Promise<Uint8Array> {
  const start = new Uint8Array(Math.min(8, size));
  await fill(handle, start, 0);
  if (size < 8) return start;
  const length = Number(new DataView(start.buffer).getBigUint64(0, true));
  // A header that the file does not have, or that is too long, is refused by readHeader, which
  // names the lengths.
  if (8 + length > size || length > MAX_HEADER_BYTES) return start;
  const head = new Uint8Array(8 + length);
  await fill(handle, head, 0);
  return head;
}

async function fill(handle: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const length = Math.min(into.length - done, 64 * 1024 * 1024);
    const { bytesRead } = await handle.read(into, done, length, position + done);
    if (bytesRead === 0) throw new RangeError(`the file ends at byte ${position + done}`);
    done += bytesRead;
  }
}
