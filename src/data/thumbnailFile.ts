/**
 * File format of stored thumbnails.
 *
 * A file is a log that only grows, so that a killed process loses its last record at most:
 *
 *     "likeness-picture"                      16 bytes
 *     length of the JSON                      uint32
 *     JSON                                    source
 *     zeros up to a multiple of 8
 *     records: length n of the picture        uint32
 *              CRC-32 of what follows         uint32
 *              key                            16 bytes
 *              picture                        n bytes
 *              zeros up to a multiple of 8
 *
 * Numbers are little-endian. Opening a file reads the heads of its records alone, and a picture is
 * checked when it is read.
 */
import { closeSync, fstatSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { openRegularSync } from '../formats/index.ts';
import { readInto } from './featureFile.ts';

const HEAD = Buffer.from('likeness-picture');
/** Bytes of a key, and of a record before its picture. */
export const KEY_BYTES = 16;
const RECORD = 8 + KEY_BYTES;
/** Most bytes of a picture, and of the JSON. */
const MAX_PICTURE = 2 ** 26;
const MAX_JSON = 2 ** 16;
/** Records between two chances for other work. */
const CHUNK = 4096;

const metaSchema = z.object({ source: z.string() });

/** Place of a picture in an open file. */
export interface PicturePlace {
  readonly file: number;
  /** Offset of the record. */
  readonly offset: number;
  /** Bytes of the picture. */
  readonly length: number;
}

/** First bytes of a file. */
export function headOfThumbnails(source: string): Uint8Array {
  const json = Buffer.from(JSON.stringify({ source }));
  const head = Buffer.alloc(padded(HEAD.length + 4 + json.length));
  HEAD.copy(head);
  head.writeUint32LE(json.length, HEAD.length);
  json.copy(head, HEAD.length + 4);
  return head;
}

/** Bytes of a record. */
export function thumbnailRecord(key: string, picture: Uint8Array): Uint8Array {
  const record = Buffer.alloc(padded(RECORD + picture.length));
  record.writeUint32LE(picture.length, 0);
  record.write(key, 8, 'hex');
  record.set(picture, RECORD);
  record.writeUint32LE(crc32(record.subarray(8, RECORD + picture.length)), 4);
  return record;
}

/** Reads a picture; undefined where the record is damaged. */
export function readThumbnail({ file, offset, length }: PicturePlace): Uint8Array | undefined {
  const record = Buffer.alloc(RECORD + length);
  if (!readInto(file, record, offset)) return undefined;
  const isIntact =
    record.readUint32LE(0) === length && crc32(record.subarray(8)) === record.readUint32LE(4);
  return isIntact ? record.subarray(RECORD) : undefined;
}

/** Opens a file of thumbnails; undefined for one that is damaged at its start or not ours. */
export function openThumbnails(path: string): { file: number; source: string } | undefined {
  let file: number;
  try {
    file = openRegularSync(path);
  } catch {
    return undefined;
  }
  const found = headAt(file);
  if (found) return { file, source: found.source };
  closeSync(file);
  return undefined;
}

/** Calls `onPicture` with the key and the place of every picture, up to a torn record. */
export async function listThumbnails(
  file: number,
  onPicture: (key: string, place: PicturePlace) => void,
): Promise<void> {
  let count = 0;
  for (const { key, place } of placesIn(file)) {
    onPicture(key, place);
    if (++count % CHUNK === 0) await setImmediate();
  }
}

/** Source and number of pictures of a file; undefined for one that is not ours. */
export function readThumbnailMeta(path: string): { source: string; count: number } | undefined {
  const opened = openThumbnails(path);
  if (!opened) return undefined;
  let count = 0;
  for (const _ of placesIn(opened.file)) count++;
  closeSync(opened.file);
  return { source: opened.source, count };
}

function* placesIn(file: number): Iterable<{ key: string; place: PicturePlace }> {
  const { size } = fstatSync(file);
  const head = Buffer.alloc(RECORD);
  for (let offset = headAt(file)?.end ?? size; offset + RECORD <= size; ) {
    if (!readInto(file, head, offset)) return;
    const length = head.readUint32LE(0);
    if (length < 1 || length > MAX_PICTURE || offset + RECORD + length > size) return;
    yield { key: head.toString('hex', 8), place: { file, offset, length } };
    offset = padded(offset + RECORD + length);
  }
}

function headAt(file: number): { source: string; end: number } | undefined {
  try {
    const fixed = Buffer.alloc(HEAD.length + 4);
    if (!readInto(file, fixed, 0) || !fixed.subarray(0, HEAD.length).equals(HEAD)) return undefined;
    const length = fixed.readUint32LE(HEAD.length);
    if (length > MAX_JSON) return undefined;
    const json = Buffer.alloc(length);
    if (!readInto(file, json, fixed.length)) return undefined;
    const meta = metaSchema.safeParse(JSON.parse(json.toString('utf8')));
    return meta.success
      ? { source: meta.data.source, end: padded(fixed.length + length) }
      : undefined;
  } catch {
    return undefined;
  }
}

const padded = (length: number) => Math.ceil(length / 8) * 8;
