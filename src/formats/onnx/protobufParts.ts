/** Messages of protobuf in pieces, so that the weights of a model are copied once. */
import { LikenessError } from '../../core/errors.ts';

/** Longest protobuf message, in bytes. */
const MAX_BYTES = 2 ** 31 - 1;

/** A message as a field: tag, length, and its parts. @throws LikenessError `onnx.tooLarge` */
export function messageParts(field: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const length = lengthOf(parts);
  return [Uint8Array.from([...varint(field * 8 + 2), ...varint(length)]), ...parts];
}

/** A whole number from 0 as a field. */
export function numberPart(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

/** The parts in one piece. @throws LikenessError `onnx.tooLarge` */
export function joinedParts(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
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
