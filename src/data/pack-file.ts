/**
 * File format of the pixel cache: pixels, an index, and a footer.
 *
 *     "likeness-pixels1"                      16 bytes
 *     pixels of image 0, 1, …                 width * height * 3 bytes each
 *     index: length of the JSON               uint32
 *            JSON                             source, settings, skipped
 *            zeros up to a multiple of 4
 *            source index of each image       uint32 each
 *            content hash of each image       uint64 each
 *            widths, then heights             uint16 each
 *     position and length of the index        float64 each
 *     SHA-256 of the index                    32 bytes
 *     "likeness-index-1"                      16 bytes
 *
 * Numbers are little-endian. The footer is written last, so a file without a valid footer is
 * unfinished.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { openRegularSync } from '../formats/index.ts';
import { type RemarkKind, remarkKinds, type SourceKind, sourceKinds } from './types.ts';

const HEAD = Buffer.from('likeness-pixels1');
const TAIL = Buffer.from('likeness-index-1');
const FOOTER = 64;
const BUFFER = 2 ** 22;

/** JSON part of the index. */
export interface PackMeta {
  readonly source: { readonly path: string; readonly name: string; readonly kind: SourceKind };
  readonly contentKey: string;
  readonly size: number;
  readonly count: number;
  /** Images of the source that are not in the file. `unread` marks unreadable files. */
  readonly skipped: readonly {
    readonly index: number;
    readonly reason: string;
    readonly unread?: true;
  }[];
  readonly remarks: readonly RemarkCount[];
}

const metaSchema = z.object({
  source: z.object({ path: z.string(), name: z.string(), kind: z.enum(sourceKinds) }),
  contentKey: z.string(),
  size: z.int().positive(),
  count: z.int().nonnegative(),
  skipped: z.array(
    z.object({
      index: z.int().nonnegative(),
      reason: z.string(),
      unread: z.literal(true).optional(),
    }),
  ),
  remarks: z.array(
    z.object({
      kind: z.enum(remarkKinds),
      count: z.int().positive(),
      examples: z.array(z.int().nonnegative()),
    }),
  ),
});

/** Number of images with a remark, and indices of some in the source. */
export interface RemarkCount {
  readonly kind: RemarkKind;
  count: number;
  readonly examples: number[];
}

/** Numbers of each image, in the order of the file. */
export interface PackArrays {
  /** Index of each image in the source. */
  readonly images: Uint32Array;
  readonly widths: Uint16Array;
  readonly heights: Uint16Array;
  /** Hash of size and pixels of each image. */
  readonly contents: BigUint64Array;
}

export interface PackIndex extends PackArrays {
  readonly meta: PackMeta;
  readonly offsets: Float64Array;
}

/** Writes pixels in order, then the index. Buffers 4 MiB. */
export interface PackWriter {
  append(pixels: Uint8Array): Promise<void>;
  /**
   * Writes the buffer to the file and returns its length. The bytes survive a crash of this
   * process.
   */
  flush(): Promise<number>;
  /** Writes the index, flushes everything to the disk and closes. */
  finish(meta: PackMeta, arrays: PackArrays): Promise<void>;
  /** Closes without finishing. `resumePack` can reopen the file. */
  close(): Promise<void>;
}

/** Creates the file, which must not exist. */
export async function createPack(path: string): Promise<PackWriter> {
  const writer = writeFrom(await open(path, 'wx'), 0);
  await writer.append(HEAD);
  return writer;
}

/** Resumes an unfinished file after its first `position` bytes. */
export async function resumePack(path: string, position: number): Promise<PackWriter> {
  const file = await open(path, 'r+');
  await file.truncate(position);
  return writeFrom(file, position);
}

function writeFrom(file: FileHandle, position: number): PackWriter {
  const buffer = Buffer.allocUnsafe(BUFFER);
  let used = 0;
  let written = position;

  async function write(bytes: Uint8Array): Promise<void> {
    await writeAll(file, bytes, written);
    written += bytes.length;
  }
  async function flush(): Promise<number> {
    const bytes = used;
    used = 0;
    await write(buffer.subarray(0, bytes));
    return written;
  }
  return {
    flush,
    async append(pixels) {
      if (used + pixels.length > BUFFER) await flush();
      if (pixels.length > BUFFER) {
        await write(pixels);
      } else {
        buffer.set(pixels, used);
        used += pixels.length;
      }
    },
    async finish(meta, arrays) {
      const at = await flush();
      const index = encodeIndex(meta, arrays);
      const footer = Buffer.alloc(FOOTER);
      footer.writeDoubleLE(at, 0);
      footer.writeDoubleLE(index.length, 8);
      createHash('sha256').update(index).digest().copy(footer, 16);
      TAIL.copy(footer, 48);
      await write(index);
      await write(footer);
      await file.sync();
      await file.close();
    },
    close: () => file.close().catch(() => {}),
  };
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}

function encodeIndex(
  meta: PackMeta,
  { images, widths, heights, contents }: PackArrays,
): Uint8Array {
  const json = Buffer.from(JSON.stringify(meta));
  const arrays = 4 + Math.ceil(json.length / 4) * 4;
  const index = Buffer.alloc(arrays + meta.count * 16);
  index.writeUint32LE(json.length, 0);
  json.copy(index, 4);
  for (let i = 0; i < meta.count; i++) {
    index.writeUint32LE(images[i]!, arrays + i * 4);
    index.writeBigUint64LE(contents[i]!, arrays + meta.count * 4 + i * 8);
    index.writeUint16LE(widths[i]!, arrays + meta.count * 12 + i * 2);
    index.writeUint16LE(heights[i]!, arrays + meta.count * 14 + i * 2);
  }
  return index;
}

/**
 * Reads the index of a finished pack. Undefined for files that are missing, damaged or something
 * else. The arrays use shared memory, so that worker threads do not copy them.
 */
export function readPack(path: string): PackIndex | undefined {
  let file: number;
  try {
    file = openRegularSync(path);
  } catch {
    return undefined;
  }
  try {
    const { size: bytes } = fstatSync(file);
    if (bytes < HEAD.length + FOOTER) return undefined;
    const footer = readAt(file, bytes - FOOTER, FOOTER);
    if (!footer.subarray(48).equals(TAIL)) return undefined;
    const at = footer.readDoubleLE(0);
    const length = footer.readDoubleLE(8);
    if (at + length + FOOTER !== bytes) return undefined;
    const index = readAt(file, at, length);
    if (!createHash('sha256').update(index).digest().equals(footer.subarray(16, 48)))
      return undefined;
    const decoded = decodeIndex(index);
    return decoded.end === at ? decoded.index : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  const out = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const n = readSync(file, out, done, length - done, position + done);
    if (n === 0) throw new Error('the file is shorter than its index says');
    done += n;
  }
  return out;
}

function decodeIndex(bytes: Buffer): { index: PackIndex; end: number } {
  const jsonLength = bytes.readUint32LE(0);
  const meta = metaSchema.parse(JSON.parse(bytes.toString('utf8', 4, 4 + jsonLength))) as PackMeta;
  const { count } = meta;
  const arrays = 4 + Math.ceil(jsonLength / 4) * 4;
  const images = new Uint32Array(count);
  const widths = new Uint16Array(new SharedArrayBuffer(count * 2));
  const heights = new Uint16Array(new SharedArrayBuffer(count * 2));
  const contents = new BigUint64Array(new SharedArrayBuffer(count * 8));
  const offsets = new Float64Array(new SharedArrayBuffer(count * 8));
  let end = HEAD.length;
  for (let i = 0; i < count; i++) {
    images[i] = bytes.readUint32LE(arrays + i * 4);
    contents[i] = bytes.readBigUint64LE(arrays + count * 4 + i * 8);
    widths[i] = bytes.readUint16LE(arrays + count * 12 + i * 2);
    heights[i] = bytes.readUint16LE(arrays + count * 14 + i * 2);
    offsets[i] = end;
    end += widths[i]! * heights[i]! * 3;
  }
  return { index: { meta, images, widths, heights, contents, offsets }, end };
}
