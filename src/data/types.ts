/** What a source holds: which reader understands it. */
export type SourceKind = 'folder' | 'image' | 'tar' | 'idx' | 'cifar10' | 'cifar100' | 'stl10';

export type Split = 'train' | 'test';

/** One picture of a source. */
export interface ImageEntry {
  /** Path relative to the source with `/`, or a position in a packed file (`"train/00012"`); unique in its source. */
  readonly id: string;
  /** Index into `labelNames`; absent when the picture has no label. */
  readonly label?: number;
  /** Absent when the source does not say. */
  readonly split?: Split;
}

/** A file or record that is not used, and why, in plain words. */
export interface SkippedImage {
  readonly id: string;
  readonly reason: string;
}

/** The bytes of an image file. */
export interface EncodedImage {
  readonly kind: 'encoded';
  readonly bytes: Uint8Array;
}

/** Pixels as stored in a packed format: rows of interleaved channels (1 = grey, 3 = RGB, 4 = RGB and alpha). */
export interface RawImage {
  readonly kind: 'raw';
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly pixels: Uint8Array;
}

/** Decoded picture: `height * width * 3` bytes, RGB interleaved, row by row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** A set of pictures that can be listed and read one by one. */
export interface Source {
  /** Absolute path. */
  readonly path: string;
  /** Last part of the path, for display. */
  readonly name: string;
  readonly kind: SourceKind;
  /** Path from which `openSource` opens the same source in another process; absent for a source in memory. */
  readonly location?: string;
  /** Every candidate picture, in an order that depends on names only. */
  readonly entries: readonly ImageEntry[];
  readonly labelNames?: readonly string[];
  /** What was seen while listing and is no candidate. */
  readonly skipped: readonly SkippedImage[];
  /** Hash of the listing (ids, sizes, times of change): equal as long as nothing was changed. */
  fingerprint(): Promise<string>;
  /**
   * The picture at `index` of `entries`, as stored.
   *
   * @throws LikenessError `image.unreadable` when this one picture cannot be read.
   */
  read(index: number): Promise<EncodedImage | RawImage>;
  close(): Promise<void>;
}

/**
 * Where every usable picture lies, decoded, in one file. Plain data: it can be sent to worker threads, which
 * share the three arrays instead of copying them.
 */
export interface PixelCache {
  readonly file: string;
  readonly count: number;
  /** Length of the shorter side that larger pictures were shrunk to. */
  readonly size: number;
  /** The usable pictures; position i here is image i everywhere else. */
  readonly entries: readonly ImageEntry[];
  readonly labelNames?: readonly string[];
  readonly widths: Uint16Array;
  readonly heights: Uint16Array;
  /** Byte position of each picture in `file`. */
  readonly offsets: Float64Array;
  readonly skipped: readonly SkippedImage[];
  /** Median over the usable pictures of the shorter side as stored, in pixels. */
  readonly medianShortSide: number;
  /** Hash of the source's listing and the decoding settings. */
  readonly contentKey: string;
  readonly source: { readonly path: string; readonly name: string; readonly kind: SourceKind };
  /** Whether an existing cache was used instead of decoding. */
  readonly reused: boolean;
}
