/** Formats of files by their first bytes. */
import { plural } from './reasons.ts';

/** Supported formats. */
export type ImageFormat = 'jpeg' | 'png' | 'gif' | 'webp' | 'tiff' | 'avif' | 'bmp';

/** File name extensions of the supported formats. */
export const imageExtensions: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.png',
  '.gif',
  '.webp',
  '.tif',
  '.tiff',
  '.avif',
  '.bmp',
  '.dib',
]);

/**
 * Extensions of camera raw files. Many are TIFF files whose first picture is a thumbnail or not yet
 * developed.
 */
const rawExtensions = new Set(
  [
    '.raw .cr2 .cr3 .crw .nef .nrw .arw .sr2 .srf .dng .orf .rw2 .raf .pef .srw .rwl .3fr .fff .iiq',
    '.erf .mef .mos .mrw .x3f .kdc .dcr .gpr',
  ].flatMap((line) => line.split(' ')),
);

/** Number of leading bytes that `sniffFormat` and `contentReason` look at: up to those of DICOM. */
export const SNIFF_BYTES = 132;
/** End of the brands of files that begin with `ftyp`. */
const BRANDS_END = 32;
/** Leading bytes of a JPEG among which its first marker may stand. */
const JPEG_START = 32;

/**
 * States why a file is no candidate, by its first `SNIFF_BYTES`. Undefined for images, under any
 * name.
 *
 * @param extension of the name, in lower case, such as `".txt"`; empty without one
 */
export function contentReason(extension: string, head: Uint8Array): string | undefined {
  const format = sniffFormat(head);
  const isRaw = rawExtensions.has(extension);
  if (format !== undefined && !(isRaw && format === 'tiff')) return undefined;
  if (isRaw) return `camera raw image (${extension})`;
  const content = describeContent(head, { isWhole: head.length < SNIFF_BYTES });
  if (!unspecific.includes(content)) return content;
  return extension === ''
    ? `not an image (no extension, ${content})`
    : `not an image (${extension})`;
}

/** Descriptions of content that say less than an extension. */
const unspecific = ['unknown content', 'text', 'empty file', 'zero bytes at its start'];

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** Detects the format by the first bytes. Undefined for unsupported formats. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  if (isJpeg(bytes)) return 'jpeg';
  if (ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (/^GIF8[79]a/.test(ascii(bytes, 0, 6))) return 'gif';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  if (/^(II[*+]\0|MM\0[*+])/.test(ascii(bytes, 0, 4))) return 'tiff'; // + is BigTIFF
  if (ascii(bytes, 4, 8) === 'ftyp' && /avi[fs]/.test(ascii(bytes, 8, BRANDS_END))) return 'avif';
  if (ascii(bytes, 0, 2) === 'BM' && bytes[6] === 0 && bytes[7] === 0) return 'bmp';
  return undefined;
}

/**
 * Tells if a file begins as a JPEG does. Decoders skip stray bytes before a marker. Source: ITU-T
 * T.81, annex B.
 */
function isJpeg(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return false;
  const start = bytes.subarray(2, JPEG_START);
  return start.some((byte, i) => byte === 0xff && start[i + 1] !== 0);
}

const other = (name: string, target: string) =>
  `${name}, which is not supported; convert it to ${target}`;

/** Kinds of content by the bytes at a position, as text of one character per byte. */
const signatures: readonly (readonly [at: number, text: string, kind: string])[] = [
  [4, 'ftypcrx ', 'camera raw image'],
  [4, 'ftyp', 'video'],
  [4, 'moov', 'video'],
  [4, 'mdat', 'video'],
  [0, '\x1aE\xdf\xa3', 'video'],
  [8, 'AVI ', 'video'],
  [8, 'WAVE', 'audio'],
  [0, 'ID3', 'audio'],
  [0, 'OggS', 'audio'],
  [0, 'fLaC', 'audio'],
  [0, '\xff\x0a', other('JPEG XL image', 'PNG')],
  [0, '\0\0\0\x0cJXL ', other('JPEG XL image', 'PNG')],
  [0, '\0\0\0\x0cjP  ', other('JPEG 2000 image', 'PNG')],
  [0, '8BPS', other('Photoshop document', 'PNG')],
  [0, '\0\0\x01\0', 'icon'],
  [0, 'v/1\x01', other('OpenEXR image', '8-bit PNG')],
  [0, '#?RADIANCE', other('Radiance HDR image', '8-bit PNG')],
  [0, '%PDF', 'PDF document'],
  [0, 'PK', 'zip archive'],
  [0, '\x1f\x8b', 'gzip file'],
  [128, 'DICM', other('DICOM image', 'PNG or TIFF')],
];

/** Reason for skipping a HEIC image. */
export const heicReason = other('HEIC image', 'JPEG');

/** Brands of HEIC files, after `ftyp`. */
const heicBrands = /hei[cxms]|hev[cxms]|mif1|msf1/;

/**
 * Describes content of another kind.
 *
 * @param isWhole unset where `bytes` are only the first ones of a file
 */
export function describeContent(
  bytes: Uint8Array,
  { isWhole = true }: { isWhole?: boolean } = {},
): string {
  const head = ascii(bytes, 0, Math.min(bytes.length, SNIFF_BYTES));
  const brands = head.slice(8, BRANDS_END);
  if (head.slice(4, 8) === 'ftyp' && heicBrands.test(brands)) return heicReason;
  const found = signatures.find(([at, text]) => head.startsWith(text, at));
  if (found) return found[2];
  if (/^P[1-7]\s/.test(head)) return other('Netpbm image', 'PNG');
  if (/^\s*<svg/i.test(head)) return 'SVG drawing';
  if (/^\s*<(!doctype|html)/i.test(head)) return 'web page';
  if (/^\s*<\?xml/i.test(head)) return 'XML text';
  if (bytes.length === 0) return 'empty file';
  const start = bytes.subarray(0, 512);
  if (start.every((byte) => byte === 0)) {
    const isZero = isWhole && bytes.every((byte) => byte === 0);
    return isZero ? 'only zero bytes' : 'zero bytes at its start';
  }
  const jpeg = head.indexOf('\xff\xd8\xff');
  if (jpeg > 0) return `damaged JPEG, with ${plural(jpeg, 'other byte')} before its start`;
  return start.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13))
    ? 'text'
    : 'unknown content';
}
