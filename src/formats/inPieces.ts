/** Numbers that are written while they are made. */
import { LikenessError } from '../core/errors.ts';
import { bytesOf } from './dtypes.ts';

/** Typed arrays one after the other, at once or as they are made. */
export type Pieces = Iterable<ArrayBufferView> | AsyncIterable<ArrayBufferView>;

/**
 * The bytes of the pieces, in order.
 *
 * @throws LikenessError `tensor.shape` where they are not as many as a file's head has said.
 */
export async function* bytesInPieces(name: string, pieces: Pieces, expected: number) {
  let length = 0;
  for await (const piece of pieces) {
    length += piece.byteLength;
    if (length > expected) break;
    yield bytesOf(piece);
  }
  if (length === expected) return;
  throw new LikenessError(
    'tensor.shape',
    `"${name}" has ${length > expected ? 'more than the' : `${length} of the`} ${expected} bytes that its shape stands for.`,
  );
}

/** The same numbers in pieces of `length`, the last one shorter. Each is valid until the next is asked for. */
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
