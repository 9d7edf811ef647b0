/**
 * File format of stored features of images.
 *
 * A file is a log that only grows, so that a killed process loses its last record at most:
 *
 *     "likeness-feature"                      16 bytes
 *     length of the JSON                      uint32
 *     JSON                                    key, source, model, dimension
 *     zeros up to a multiple of 8
 *     records: number n of rows               uint32
 *              CRC-32 of what follows         uint32
 *              keys of the images             uint64 each
 *              rows [n, D]                    float32 each
 *              zeros up to a multiple of 8
 *
 * Numbers are little-endian. Every process that adds rows writes a file of its own, so that no two
 * write to the same one, and all files of a key are read. A record whose length or checksum does
 * not fit ends the reading of its file.
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { openRegularSync } from '../formats/index.ts';

const HEAD = Buffer.from('likeness-feature');
/** Bytes of a record before its keys, of a key, and of a value. */
export const RECORD = 8;
export const KEY = 8;
export const FLOAT = 4;
/** Most rows of a record, and most bytes of the JSON. */
const MAX_ROWS = 2 ** 16;
const MAX_JSON = 2 ** 16;
/** Origin of the features of a file. */
export interface FeatureMeta {
  /** Hash of everything that the rows depend on, but for the images, in hexadecimal. */
  readonly key: string;
  /** Name of the source of the images. */
  readonly source: string;
  /** Name of the model. */
  readonly model: string;
  /** D */
  readonly dimension: number;
}

const metaSchema = z.object({
  key: z.string(),
  source: z.string(),
  model: z.string(),
  dimension: z.int().positive(),
});

/** Source and model of a file; undefined where it is damaged. */
export function readFeatureMeta(path: string): (FeatureMeta & { count: number }) | undefined {
  let count = 0;
  let found: FeatureMeta | undefined;
  const file = readLog(
    path,
    undefined,
    () => count++,
    (meta) => {
      found = meta;
    },
  );
  if (file === undefined || !found) return undefined;
  closeSync(file);
  return { ...found, count };
}

/**
 * Reads the places of all intact rows of a file, and leaves it open; undefined for a file of
 * another key, or one that is not ours.
 */
export function readLog(
  path: string,
  wanted: FeatureMeta | undefined,
  onRow: (image: bigint, place: { file: number; offset: number }) => void,
  onMeta: (meta: FeatureMeta) => void = () => {},
): number | undefined {
  let file: number;
  try {
    file = openRegularSync(path);
  } catch {
    return undefined;
  }
  try {
    const head = readHead(file);
    const fits =
      head &&
      (!wanted || (head.meta.key === wanted.key && head.meta.dimension === wanted.dimension));
    if (!fits) {
      closeSync(file);
      return undefined;
    }
    onMeta(head.meta);
    readRecords(file, head, (image, offset) => onRow(image, { file, offset }));
    return file;
  } catch {
    closeSync(file);
    return undefined;
  }
}

function readHead(file: number): { meta: FeatureMeta; end: number } | undefined {
  const fixed = Buffer.alloc(HEAD.length + 4);
  if (!readInto(file, fixed, 0) || !fixed.subarray(0, HEAD.length).equals(HEAD)) return undefined;
  const length = fixed.readUint32LE(HEAD.length);
  if (length > MAX_JSON) return undefined;
  const json = Buffer.alloc(length);
  if (!readInto(file, json, fixed.length)) return undefined;
  const meta = metaSchema.safeParse(JSON.parse(json.toString('utf8')));
  return meta.success ? { meta: meta.data, end: padded(fixed.length + length) } : undefined;
}

function readRecords(
  file: number,
  { meta: { dimension: D }, end }: { meta: FeatureMeta; end: number },
  onRow: (image: bigint, offset: number) => void,
): void {
  const { size } = fstatSync(file);
  const head = Buffer.alloc(RECORD);
  for (let at = end; at + RECORD <= size; ) {
    readInto(file, head, at);
    const count = head.readUint32LE(0);
    const length = count * (KEY + D * FLOAT);
    if (count < 1 || count > MAX_ROWS || at + RECORD + length > size) return;
    const body = Buffer.alloc(length);
    readInto(file, body, at + RECORD);
    if (crc32(body) !== head.readUint32LE(4)) return;
    const first = at + RECORD + count * KEY;
    for (let i = 0; i < count; i++) {
      onRow(body.readBigUint64LE(i * KEY), first + i * D * FLOAT);
    }
    at = padded(at + RECORD + length);
  }
}

/** First bytes of a file. */
export function headOf(meta: FeatureMeta): Uint8Array {
  const json = Buffer.from(JSON.stringify(meta));
  const head = Buffer.alloc(padded(HEAD.length + 4 + json.length));
  HEAD.copy(head);
  head.writeUint32LE(json.length, HEAD.length);
  json.copy(head, HEAD.length + 4);
  return head;
}

/** Bytes of a record. */
export function recordOf(images: readonly bigint[], rows: Float32Array): Uint8Array {
  const length = images.length * KEY + rows.byteLength;
  const record = Buffer.alloc(padded(RECORD + length));
  images.forEach((image, i) => void record.writeBigUint64LE(image, RECORD + i * KEY));
  record.set(
    new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength),
    RECORD + images.length * KEY,
  );
  record.writeUint32LE(images.length, 0);
  record.writeUint32LE(crc32(record.subarray(RECORD, RECORD + length)), 4);
  return record;
}

const padded = (length: number) => Math.ceil(length / 8) * 8;

/** Fills a buffer from a position; false where the file ends before. */
export function readInto(file: number, buffer: Uint8Array, position: number): boolean {
  for (let done = 0; done < buffer.length; ) {
    const read = readSync(file, buffer, done, buffer.length - done, position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}
