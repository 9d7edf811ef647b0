/** Kind of a source, which decides its reader. */
export type SourceKind = (typeof sourceKinds)[number];

export const sourceKinds = [
  'folder',
  'image',
  'tar',
  'idx',
  'cifar10',
  'cifar100',
  'stl10',
] as const;

export type Split = 'train' | 'test';

/** Image of a source. */
export interface ImageEntry {
  /**
   * Path relative to the source with `/`, or an index in a packed file (`"train/00012"`). Unique.
   */
  readonly id: string;
  /** Index into `labelNames`. Absent for an unlabeled image. */
  readonly label?: number;
  /** Absent if the source defines none. */
  readonly split?: Split;
  /** Id of the file that the image is a page of. Absent for an image with a file of its own. */
  readonly file?: string;
}

/** File or record that is not used, with the reason. */
export interface SkippedImage {
  readonly id: string;
  readonly reason: string;
  /** Set for an image that cannot be used. Absent for a file of another kind. */
  readonly damaged?: true;
}

/** Fact about a source, with a stable code such as `images.labels`. */
export interface SourceNote {
  readonly code: string;
  readonly message: string;
}

/** Values of samples of more than 8 bits that become black and white. */
export type ValueRange = readonly [black: number, white: number];

/** Bytes of an image file. */
export interface EncodedImage {
  readonly kind: 'encoded';
  readonly bytes: Uint8Array;
  /** Number of the picture in a file of several, from 1. Default 1. */
  readonly page?: number;
  /** Range of samples of more than 8 bits. Default: that of 16-bit samples which fill theirs. */
  readonly range?: ValueRange;
}

/** Raw pixels: rows of interleaved channels (1 = gray, 3 = RGB, 4 = RGB and alpha). */
export interface RawImage {
  readonly kind: 'raw';
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly pixels: Uint8Array;
}

/** Decoded image: `height * width * 3` bytes, interleaved RGB, row by row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Facts in the header of an image. */
export interface ImageSize {
  /** Width in pixels, before any orientation is applied. */
  readonly width: number;
  readonly height: number;
  /** Time of the camera in milliseconds since 1970 UTC; absent without one. */
  readonly taken?: number;
}

/** Receives the number of finished items, and of all. */
export type CountFunction = (done: number, of: number) => void;

/** The wish to stop. */
export interface StopOptions {
  /** Ends the work when it is aborted. The promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Decoded image, with facts about its file. */
export interface DecodedImage extends Pixels {
  /** Set for a file with faults that lose no part of the picture. */
  readonly isRepaired?: boolean;
  /** Set for a file of 16 bits per sample that uses at most 14 of them. */
  readonly isDim?: boolean;
  /** Pictures in the file, where there are several. */
  readonly pictures?: number;
  /** Set where the first of several pictures is the only one that can be read. */
  readonly isFirstOnly?: boolean;
}

/**
 * Kind of a remark: a file with faults that lose no part of the picture, a file of several pictures
 * of which the first is used, or is the only one that can be read, a dark file of 16 bits per
 * sample, a picture of one value.
 */
export type RemarkKind = (typeof remarkKinds)[number];

export const remarkKinds = ['repaired', 'several', 'firstOnly', 'dim', 'flat'] as const;

/** Number of images with a remark, and ids of some. */
export interface Remark {
  readonly kind: RemarkKind;
  readonly count: number;
  readonly examples: readonly string[];
}

/** Ways of reading a source that a person chose, which a run stores. */
export interface SourceChoices {
  /** Glob patterns of folders and files that are left out, relative to the source. */
  readonly exclude?: readonly string[];
  /** Names of classes whose images alone are read. */
  readonly classes?: readonly string[];
  /** Source of the labels: `folders`, `none`, or the absolute path of a CSV file. */
  readonly labels?: string;
  /** `all` reads every picture of a file of several, `first` the first of each. */
  readonly pages?: 'first' | 'all';
  /** Values that become black and white in images of more than 8 bits per sample. */
  readonly range?: ValueRange;
}

/** Set of images that can be listed and read one by one. */
export interface Source {
  /** Absolute path. */
  readonly path: string;
  /** Last part of the path, for display. */
  readonly name: string;
  readonly kind: SourceKind;
  /** Path with which another process can call `openSource`. Absent for a source in memory. */
  readonly location?: string;
  /** Candidate images, in an order that depends on names only. */
  readonly entries: readonly ImageEntry[];
  readonly labelNames?: readonly string[];
  /** Listed files that are no candidates. */
  readonly skipped: readonly SkippedImage[];
  /** Facts about the listing for people: the choice of labels, folders that are left out. */
  readonly notes?: readonly SourceNote[];
  /** Choices that the source was opened with, for `openSource` in another process. */
  readonly choices?: SourceChoices;
  /** Hashes the listing (ids, sizes, times, identities). Equal as long as nothing changes. */
  fingerprint(options?: StopOptions): Promise<string>;
  /**
   * Reads the image at `index` of `entries`, without decoding it.
   *
   * @throws LikenessError `image.unreadable` if this image cannot be read.
   */
  read(index: number): Promise<EncodedImage | RawImage>;
  /**
   * Reads the first `SNIFF_BYTES` of an image file, where that is possible without the rest.
   *
   * @throws LikenessError `image.unreadable` if this image cannot be read.
   */
  head?(index: number, bytes?: number): Uint8Array;
  /** Size of the file of an image, where it is known without reading. */
  bytes?(index: number): number | undefined;
  close(): Promise<void>;
}

/**
 * Index of a file of decoded images. Plain data that can be sent to worker threads, which share the
 * three arrays instead of copying them.
 */
export interface PixelCache {
  readonly file: string;
  readonly count: number;
  /** Shorter side that larger images were shrunk to, in pixels. */
  readonly size: number;
  /** Usable images. Index i here is image i everywhere else. */
  readonly entries: readonly ImageEntry[];
  readonly labelNames?: readonly string[];
  readonly widths: Uint16Array;
  readonly heights: Uint16Array;
  /** Byte offset of each image in `file`. */
  readonly offsets: Float64Array;
  /** Hash of size and pixels of each image. Equal pictures have equal hashes. */
  readonly contents: BigUint64Array;
  /** Damaged images first, then files of other kinds. */
  readonly skipped: readonly SkippedImage[];
  /** Images that are used and that people should know about. */
  readonly remarks: readonly Remark[];
  /** Median shorter side of the decoded images, in pixels. */
  readonly medianShortSide: number;
  /** Hash of the source listing and the decoding settings. */
  readonly contentKey: string;
  readonly source: { readonly path: string; readonly name: string; readonly kind: SourceKind };
  /** Set if an existing cache was used instead of decoding. */
  readonly reused: boolean;
}
