/**
 * Lists the members of a tar archive with their positions. Only headers are read, so that a shard
 * of many gigabytes is listed quickly.
 *
 * Understands ustar prefixes, pax `path` and `size` records, GNU long names and base-256 sizes.
 *
 * Source: POSIX.1-2017, "pax - portable archive interchange", ustar and pax formats; GNU tar
 * manual, "Basic Tar Format".
 */
import { setImmediate } from 'node:timers/promises';
import { textOfName } from '../formats/index.ts';
import type { RecordFile } from './records.ts';
import type { StopOptions } from './types.ts';

const BLOCK = 512;
/** Maximum length of an extended header. */
const MAX_EXTENDED = 2 ** 20;

export interface TarMember {
  readonly name: string;
  /** Byte position of the content. */
  readonly at: number;
  readonly bytes: number;
}

export interface TarIndex {
  /** Regular files, in the archive's order. */
  readonly members: TarMember[];
  /** Reason why the listing ended early. Absent for a complete archive. */
  readonly trouble?: string;
}

/** Headers read between two chances for other work, such as the answer to a signal. */
const CHUNK = 4096;

/**
 * Lists the regular files of a tar archive. Never throws because of its contents.
 *
 * @throws the signal's reason where it is aborted.
 */
export async function indexTar(file: RecordFile, { signal }: StopOptions = {}): Promise<TarIndex> {
  const members: TarMember[] = [];
  let at = 0;
  let longName: string | undefined;
  let longSize: number | undefined;
  for (let headers = 1; at + BLOCK <= file.bytes; headers++) {
    if (headers % CHUNK === 0) {
      await setImmediate();
      signal?.throwIfAborted();
    }
    const header = file.read(at, BLOCK);
    if (header.every((byte) => byte === 0)) return { members }; // end mark
    if (!checksumHolds(header)) {
      return { members, trouble: at === 0 ? 'not a tar archive' : `damaged header at byte ${at}` };
    }
    const type = header[156]!;
    const isExtended = type === CODE.x || type === CODE.L;
    const bytes = (!isExtended && longSize) || numberAt(header, 124, 12);
    // Octal digits may have a sign, and a size below zero would lead back to an earlier header.
    if (!(bytes >= 0)) return { members, trouble: `damaged header at byte ${at}` };
    const content = at + BLOCK;
    const next = content + Math.ceil(bytes / BLOCK) * BLOCK;
    if (content + bytes > file.bytes)
      return { members, trouble: `truncated at byte ${file.bytes}` };
    if (isExtended) {
      if (bytes > MAX_EXTENDED) return { members, trouble: `damaged header at byte ${at}` };
      const extended = Buffer.from(file.read(content, bytes));
      if (type === CODE.L) {
        longName = textOf(extended);
      } else {
        const records = paxRecords(extended);
        longName = records.get('path') ?? longName;
        const size = Number(records.get('size'));
        if (size > 0) longSize = size;
      }
    } else if (type !== CODE.g && type !== CODE.K) {
      const isFile = type === CODE.file || type === 0 || type === CODE.contiguous;
      if (isFile) members.push({ name: tidy(longName ?? nameOf(header)), at: content, bytes });
      longName = undefined;
      longSize = undefined;
    }
    at = next;
  }
  return at === file.bytes || file.bytes === 0
    ? { members }
    : { members, trouble: `truncated at byte ${at}` };
}

const CODE = {
  file: 48, // '0'
  contiguous: 55, // '7'
  K: 75, // GNU: long link name of the next member
  L: 76, // GNU: long name of the next member
  g: 103, // pax: settings for all members
  x: 120, // pax: settings for the next member
} as const;

/** Compares the checksum with the sum of the header's bytes, its own field counted as spaces. */
function checksumHolds(header: Uint8Array): boolean {
  let sum = 8 * 32;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i]!;
  return sum === numberAt(header, 148, 8);
}

/** Reads octal digits, or base 256 if the first bit is set. */
function numberAt(header: Uint8Array, from: number, length: number): number {
  if (header[from]! & 0x80) {
    let value = header[from]! & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + header[from + i]!;
    return value;
  }
  return Number.parseInt(textOf(header.subarray(from, from + length)).trim(), 8) || 0;
}

function nameOf(header: Uint8Array): string {
  const name = textOf(header.subarray(0, 100));
  // GNU has a space after the magic.
  const ustar = textOf(header.subarray(257, 262)) === 'ustar' && header[262] === 0;
  const prefix = ustar ? textOf(header.subarray(345, 500)) : '';
  return prefix ? `${prefix}/${name}` : name;
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return textOfName(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Reads records of the form `"<length> <key>=<value>\n"`. */
function paxRecords(bytes: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(32, at);
    const length = Number.parseInt(bytes.toString('ascii', at, space), 10);
    if (space < 0 || !(length > 0)) break;
    const record = textOfName(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

/** Turns `./a/b` and `/a/b` into `a/b`. */
function tidy(name: string): string {
  return name
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}
