/**
 * Reads images in a tar archive or a folder of shards. Members are listed once and read by offset.
 *
 * Labels and splits come from the paths inside, as in a folder of files. A shard whose name begins
 * with train, test or val is that split. In the WebDataset convention a file `key.cls` contains the
 * label of `key.jpg` as a number. Such labels take precedence over folders.
 */
import { basename, extname, join } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import { MAX_FILE_BYTES } from './decode.ts';
import { fingerprintFiles } from './fingerprint.ts';
import { type Layout, type LayoutOptions, layoutOf, partOf } from './layout.ts';
import { liesInLeftOut } from './leftOut.ts';
import { compareNatural } from './natural.ts';
import { unreadable } from './reasons.ts';
import { openRecords, type RecordFile } from './records.ts';
import { contentReason, imageExtensions, SNIFF_BYTES } from './sniff.ts';
import { numberNames } from './source-cifar.ts';
import { tooManyBytes } from './source-folder.ts';
import { indexTar, type TarIndex, type TarMember } from './tar-index.ts';
import type { ImageEntry, SkippedImage, Source, StopOptions } from './types.ts';

/** Highest valid class number in a `.cls` file. */
const MAX_CLASS = 100_000;

interface Item {
  readonly id: string;
  /** Path for labels and split. */
  readonly path: string;
  readonly file: RecordFile;
  readonly member: TarMember;
  readonly cls?: number;
}

export interface TarOptions extends Pick<LayoutOptions, 'labels'>, StopOptions {
  /** File names inside `path`. Without them `path` is itself the archive. */
  shards?: readonly string[];
}

/** Opens a tar archive, or several shards in one folder. */
export async function openTar(
  path: string,
  { shards, labels: choice, signal }: TarOptions = {},
): Promise<Source> {
  const items: Item[] = [];
  const skipped: SkippedImage[] = [];
  const files: RecordFile[] = [];
  try {
    for (const shard of shards ? [...shards].sort(compareNatural) : ['']) {
      const file = openRecords(join(path, shard));
      files.push(file);
      addShard(shard, file, await indexTar(file, { signal }), { items, skipped });
    }
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
  items.sort((a, b) => compareNatural(a.id, b.id));
  const { entries, labelNames, labeling } = layout(items, choice);
  return {
    path,
    name: basename(path) || path,
    kind: 'tar',
    entries,
    labelNames,
    skipped,
    notes: labeling === undefined ? [] : [{ code: 'images.labels', message: labeling }],
    fingerprint: (stop) =>
      fingerprintFiles(
        'tar',
        files.map((file) => [basename(file.path), file.path] as const),
        stop,
      ),
    read: async (index) => {
      const { file, member } = items[index]!;
      if (member.bytes > MAX_FILE_BYTES) throw tooManyBytes();
      try {
        return { kind: 'encoded', bytes: file.read(member.at, member.bytes) };
      } catch (error) {
        throw unreadable(error);
      }
    },
    head(index) {
      const { file, member } = items[index]!;
      try {
        return file.read(member.at, Math.min(member.bytes, SNIFF_BYTES));
      } catch (error) {
        throw unreadable(error);
      }
    },
    close: async () => {
      for (const file of files.splice(0)) file.close();
    },
  };
}

function addShard(
  shard: string,
  file: RecordFile,
  { members, trouble }: TarIndex,
  { items, skipped }: { items: Item[]; skipped: SkippedImage[] },
): void {
  if (trouble !== undefined) {
    if (shard === '' && members.length === 0) {
      throw new LikenessError(
        'source.damaged',
        `source: ${file.path} cannot be used: ${trouble}. Expected an uncompressed tar archive ` +
          'of images; fetch or make it again.',
      );
    }
    skipped.push({ id: shard || basename(file.path), reason: trouble });
  }
  const inside = (name: string): string => (shard === '' ? name : `${shard}/${name}`);
  const split = /^[a-z]+/i.exec(shard)?.[0];
  const splitFolder =
    split !== undefined && partOf(split) !== undefined ? `${split.toLowerCase()}/` : '';

  // A later member of the same name replaces the earlier one.
  const latest = new Map<string, TarMember>();
  for (const member of members) latest.set(member.name, member);
  const classes = new Map<string, number>();
  const images = new Map<string, TarMember>();
  const others: { name: string; reason: string }[] = [];
  for (const member of latest.values()) {
    const name = basename(member.name);
    const extension = extname(name).toLowerCase();
    if (member.name.split('/').some((part) => part.startsWith('.'))) continue;
    if (liesInLeftOut(member.name)) continue;
    if (extension === '.cls') {
      classes.set(keyOf(member.name), classNumber(file, member));
      continue;
    }
    const head = () => file.read(member.at, Math.min(member.bytes, SNIFF_BYTES));
    const reason = imageExtensions.has(extension) ? undefined : contentReason(extension, head());
    if (reason === undefined) images.set(member.name, member);
    else others.push({ name: member.name, reason });
  }
  const keys = new Set([...images.keys()].map(keyOf));
  for (const { name, reason } of others) {
    if (keys.has(keyOf(name))) continue; // something about an image, such as its caption
    skipped.push({ id: inside(name), reason });
  }
  for (const [name, member] of images) {
    items.push({
      id: inside(name),
      path: splitFolder + name,
      file,
      member,
      cls: classes.get(keyOf(name)),
    });
  }
}

/** Returns WebDataset's key, the path up to the first dot of the file name. */
function keyOf(path: string): string {
  const dot = path.indexOf('.', path.lastIndexOf('/') + 1);
  return dot < 0 ? path : path.slice(0, dot);
}

/** Reads the number in a `.cls` file. -1 for other content. */
function classNumber(file: RecordFile, member: TarMember): number {
  const text = Buffer.from(file.read(member.at, Math.min(member.bytes, 16))).toString('ascii');
  const number = /^\s*\d+\s*$/.test(text) ? Number(text) : -1;
  return number <= MAX_CLASS ? number : -1;
}

function layout(items: readonly Item[], labels: LayoutOptions['labels']): Layout {
  const byFolder = layoutOf(
    items.map(({ path }) => path),
    { ids: items.map(({ id }) => id), labels },
  );
  const highest = items.reduce((max, { cls = -1 }) => Math.max(max, cls), -1);
  if (highest < 0 || labels !== undefined) return byFolder;
  const entries = byFolder.entries.map(({ id, split }, i): ImageEntry => {
    const cls = items[i]!.cls ?? -1;
    return { id, ...(cls >= 0 && { label: cls }), ...(split && { split }) };
  });
  return { entries, labelNames: numberNames(highest + 1) };
}
