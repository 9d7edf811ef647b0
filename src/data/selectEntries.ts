import type { ImageEntry, Source } from './types.ts';

export interface Selection {
  /** Indices of the images that stay, in their order. */
  readonly kept: Uint32Array;
  /** Entries of these images. Default: those of the source. */
  readonly entries?: ImageEntry[];
  /** Words that tell this selection from others of the same listing. */
  readonly tag: readonly string[];
}

/** Source of some images of another. Closing it closes the other. */
export function selectEntries(source: Source, { kept, entries, tag }: Selection): Source {
  const { head } = source;
  return {
    ...source,
    entries: entries ?? Array.from(kept, (index) => source.entries[index]!),
    fingerprint: async (options) => [await source.fingerprint(options), ...tag].join('\n'),
    read: (index) => source.read(kept[index]!),
    bytes: (index) => source.bytes?.(kept[index]!),
    ...(head && { head: (index: number, size?: number) => head(kept[index]!, size) }),
  };
}
