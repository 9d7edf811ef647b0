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

/** Extensions of unsupported image formats, for the reason of a skip. */
const otherImageExtensions = new Set(
  [
    '.heic .heif .svg .jxl .jp2 .j2k .psd .ico .raw .cr2 .cr3 .nef',
    '.arw .dng .exr .hdr .tga .ppm .pgm .pbm .pdf',
  ].flatMap((line) => line.split(' ')),
);

/**
 * States why a file of this extension (`".txt"`, lower case) is no candidate. Undefined for
 * candidates.
 */
export function extensionReason(extension: string): string | undefined {
  if (imageExtensions.has(extension)) return undefined;
  if (otherImageExtensions.has(extension)) return `unsupported image format (${extension})`;
  return extension === '' ? 'not an image (no extension, unknown content)' : `not an image (${extension})`;
}

/** Number of leading bytes that `sniffFormat` looks at. */
export const SNIFF_BYTES = 32;

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** Detects the format by the first bytes. Undefined for unsupported formats. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpeg';
  if (ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (/^GIF8[79]a/.test(ascii(bytes, 0, 6))) return 'gif';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'webp';
  if (/^(II[*+]\0|MM\0[*+])/.test(ascii(bytes, 0, 4))) return 'tiff'; // + is BigTIFF
  if (ascii(bytes, 4, 8) === 'ftyp' && /avi[fs]/.test(ascii(bytes, 8, SNIFF_BYTES))) return 'avif';
  if (ascii(bytes, 0, 2) === 'BM' && bytes[6] === 0 && bytes[7] === 0) return 'bmp';
  return undefined;
}

/** Describes content of another kind. */
export function describeContent(bytes: Uint8Array): string {
  const head = ascii(bytes, 0, Math.min(bytes.length, SNIFF_BYTES));
  if (head.slice(4, 8) === 'ftyp') {
    return /hei[cxms]|hevc|mif1/.test(head)
      ? 'HEIC image, which is not supported; convert it to JPEG'
      : 'video';
  }
  if (head.startsWith('%PDF')) return 'PDF document';
  if (head.startsWith('PK')) return 'zip archive';
  if (/^\s*<svg/i.test(head)) return 'SVG drawing';
  if (/^\s*<(!doctype|html)/i.test(head)) return 'web page';
  if (/^\s*<\?xml/i.test(head)) return 'XML text';
  if (bytes.subarray(0, 512).every((byte) => byte === 0)) return 'only zero bytes';
  const text = bytes.subarray(0, 512).every((byte) => byte >= 32 || (byte >= 9 && byte <= 13));
  return text ? 'text' : 'unknown content';
}
