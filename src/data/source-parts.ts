/**
 * Common part of CIFAR, STL-10 and IDX: files of records of one size, for training or testing, with
 * labels in or beside them.
 */
import { basename } from 'node:path';
import { fingerprintFiles } from './fingerprint.ts';
import { unreadable } from './reasons.ts';
import type { ImageEntry, RawImage, SkippedImage, Source, SourceKind, Split } from './types.ts';

/** File of records. */
export interface Part {
  /** First part of the ids. `"train"` gives `"train/00012"`. */
  readonly prefix: string;
  readonly file: string;
  readonly split?: Split;
  readonly count: number;
  /** Label of each record, `count` long. */
  readonly labels?: Uint8Array;
  read(record: number): RawImage;
  close(): void;
}

export interface PackedSource {
  readonly path: string;
  readonly kind: SourceKind;
  readonly parts: readonly Part[];
  readonly labelNames?: readonly string[];
  readonly skipped?: readonly SkippedImage[];
}

/** Opens the records of all parts as a source, in the order of the parts. */
export function packedSource({
  path,
  kind,
  parts,
  labelNames,
  skipped = [],
}: PackedSource): Source {
  const entries: ImageEntry[] = [];
  const starts: number[] = [];
  for (const { prefix, split, count, labels } of parts) {
    starts.push(entries.length);
    const digits = String(Math.max(count - 1, 0)).length;
    for (let record = 0; record < count; record++) {
      const id = `${prefix}/${String(record).padStart(Math.max(digits, 5), '0')}`;
      const label = labels?.[record];
      const known = label !== undefined && label < (labelNames?.length ?? 0);
      entries.push({ id, ...(known && { label }), ...(split && { split }) });
    }
  }
  return {
    path,
    name: basename(path) || path,
    kind,
    entries,
    labelNames: entries.some((entry) => entry.label !== undefined) ? labelNames : undefined,
    skipped,
    fingerprint: (stop) =>
      fingerprintFiles(
        kind,
        parts.map((part) => [`${part.prefix}/${part.count}`, part.file] as const),
        stop,
      ),
    read: async (index) => {
      const which = starts.findLastIndex((start) => start <= index);
      try {
        return parts[which]!.read(index - starts[which]!);
      } catch (error) {
        throw unreadable(error);
      }
    },
    close: async () => {
      for (const part of parts) part.close();
    },
  };
}
