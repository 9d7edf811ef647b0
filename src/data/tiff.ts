/** Reads the directories of a TIFF file: those of pages, thumbnails and pyramid levels. */

/** Directory of a TIFF file. */
export interface TiffDirectory {
  /** Set for a thumbnail or pyramid level of another page. */
  readonly isReduced: boolean;
  /** Value of pixels without data, as GDAL writes it. */
  readonly noData?: number | undefined;
  /** Number of the compression, such as 7 for JPEG. Absent: none. */
  readonly compression?: number;
  /** Set where the lowest value is white. */
  readonly isMinWhite?: true;
  /**
   * Finds the end of the last strip, tile or value of a tag.
   *
   * @throws RangeError for a position outside of the file
   */
  readonly dataEnd: () => number;
}

/** Numbers of a tag, by the position and length of their entry. */
interface Numbers {
  readonly at: number;
  readonly count: number;
  readonly size: number;
}

/** Most directories that are read. */
const MAX_DIRECTORIES = 10_000;
/** Most tags that are read in all, so that overlapping directories end too. */
const MAX_TAGS = 1_000_000;
const NEW_SUBFILE_TYPE = 254;
const COMPRESSION = 259;
const PHOTOMETRIC = 262;
const MIN_IS_WHITE = 0;
/** Offsets of strips and of tiles, and their lengths. */
const OFFSETS: readonly number[] = [273, 324];
const LENGTHS: readonly number[] = [279, 325];
/** Strips or tiles that are looked at, from the last. Files store them in order. */
const LAST_STRIPS = 1000;
/** Bytes of a number by its type, from 1. */
const numberBytes = [1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
/** ASCII tag of GDAL, with a number. */
const GDAL_NODATA = 42113;
const MAX_NUMBER_BYTES = 64;

/** Sizes of a classic TIFF and of a BigTIFF. */
const layouts = {
  42: { first: 4, count: 2, entry: 12, value: 8, offset: 4 },
  43: { first: 8, count: 8, entry: 20, value: 12, offset: 8 },
} as const;

/**
 * Yields the directories in the order of the file, which is that of the decoder's pages.
 *
 * Source: TIFF 6.0, section 2, tag 254; the BigTIFF file format of libtiff.
 *
 * @throws RangeError for a position outside of the file
 */
export function* tiffDirectories(bytes: Uint8Array): Generator<TiffDirectory> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = view.getUint8(0) === 0x49;
  const layout = layouts[view.getUint16(2, isLittle) as 42 | 43];
  if (layout === undefined) return;
  const number = (at: number, size: number): number =>
    size === 8
      ? Number(view.getBigUint64(at, isLittle))
      : size === 4
        ? view.getUint32(at, isLittle)
        : view.getUint16(at, isLittle);
  const numbersOf = (entry: number): Numbers => {
    const size = numberBytes[view.getUint16(entry + 2, isLittle) - 1] ?? 0;
    const count = number(entry + 4, layout.offset);
    const value = entry + layout.value;
    const isInside = count * size <= layout.offset;
    return { at: isInside ? value : number(value, layout.offset), count, size };
  };
  const endOf = (offsets?: Numbers, lengths?: Numbers): number => {
    let end = 0;
    if (!offsets?.size || !lengths?.size) return end;
    const count = Math.min(offsets.count, lengths.count);
    for (let i = Math.max(0, count - LAST_STRIPS); i < count; i++) {
      const start = number(offsets.at + i * offsets.size, offsets.size);
      end = Math.max(end, start + number(lengths.at + i * lengths.size, lengths.size));
    }
    return end;
  };
  const seen = new Set<number>();
  let at = number(layout.first, layout.offset);
  let tags = 0;
  while (at !== 0 && !seen.has(at) && seen.size < MAX_DIRECTORIES) {
    seen.add(at);
    const entries = number(at, layout.count);
    tags += entries;
    if (tags > MAX_TAGS) return;
    let isReduced = false;
    let noData: number | undefined;
    let compression: number | undefined;
    let isMinWhite = false;
    let offsets: Numbers | undefined;
    let lengths: Numbers | undefined;
    let tagEnd = 0;
    for (let i = 0; i < entries; i++) {
      const entry = at + layout.count + i * layout.entry;
      const tag = view.getUint16(entry, isLittle);
      const values = numbersOf(entry);
      tagEnd = Math.max(tagEnd, values.at + values.count * values.size);
      if (tag === NEW_SUBFILE_TYPE) {
        isReduced = (view.getUint32(entry + layout.value, isLittle) & 1) === 1;
      } else if (tag === COMPRESSION) {
        compression = view.getUint16(entry + layout.value, isLittle);
      } else if (tag === PHOTOMETRIC) {
        isMinWhite = view.getUint16(entry + layout.value, isLittle) === MIN_IS_WHITE;
      } else if (OFFSETS.includes(tag)) {
        offsets = values;
      } else if (LENGTHS.includes(tag)) {
        lengths = values;
      } else if (tag === GDAL_NODATA) {
        const length = number(entry + 4, layout.offset);
        const value = entry + layout.value;
        const start = length <= layout.offset ? value : number(value, layout.offset);
        noData = numberAt(bytes, start, length);
      }
    }
    yield {
      isReduced,
      dataEnd: () => Math.max(tagEnd, endOf(offsets, lengths)),
      ...(noData !== undefined && { noData }),
      ...(compression !== undefined && { compression }),
      ...(isMinWhite && { isMinWhite }),
    };
    at = number(at + layout.count + entries * layout.entry, layout.offset);
  }
}

/** Parses the number in an ASCII tag. Undefined for other text. */
function numberAt(bytes: Uint8Array, start: number, length: number): number | undefined {
  const text = String.fromCharCode(
    ...bytes.subarray(start, start + Math.min(length, MAX_NUMBER_BYTES)),
  );
  const trimmed = text.replaceAll('\0', ' ').trim();
  return trimmed === '' || Number.isNaN(Number(trimmed)) ? undefined : Number(trimmed);
}

/** Facts that a TIFF tells of the values on a page. */
export type ValueFacts = Pick<TiffDirectory, 'noData' | 'isMinWhite'>;

/**
 * Reads what a TIFF tells of the values on a page, from 1. A value without data may stand at the
 * first page alone. Empty in damaged files.
 */
export function valueFactsOf(bytes: Uint8Array, page: number): ValueFacts {
  try {
    const directories = [...tiffDirectories(bytes)];
    const own = directories[page - 1];
    return { ...own, noData: own?.noData ?? directories[0]?.noData };
  } catch (error) {
    if (error instanceof RangeError) return {};
    throw error;
  }
}
