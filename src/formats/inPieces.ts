/** Streams of numbers. */
import { LikenessError } from '../core/errors.ts';
import { bytesOf } from './dtypes.ts';

/** Consecutive typed arrays, synchronous or asynchronous. */
export type Pieces = Iterable<ArrayBufferView> | AsyncIterable<ArrayBufferView>;

/**
 * Yields the bytes of the pieces, in order.
 *
 * @throws LikenessError `tensor.shape` if their number differs from `expected`.
 */
export async function* bytesInPieces(name: string, pieces: Pieces, expected: number) {
  let length = 0;
  for await (const piece of pieces) {
    length += piece.byteLength;
    if (length > expected) break;
    yield bytesOf(piece);
  }
  if (length === expected) return;
  const found = length > expected ? 'more than the' : `${length} of the`;
  throw new LikenessError(
    'tensor.shape',
    `"${name}" has ${found} ${expected} bytes that its shape stands for.`,
  );
}

/** Regroups numbers into pieces of `length`. Each is valid until the next is requested. */
export async function* regrouped(parts: AsyncIterable<Float32Array>, length: number) {
  const piece = new Float32Array(length);
  let used = 0;
  for await (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const taken = part.subarray(at, at + length - used);
      piece.set(taken, used);
      at += taken.length;
      used += taken.length;
      if (used < length) continue;
      yield piece;
      used = 0;
    }
  }
  if (used > 0) yield piece.subarray(0, used);
}
