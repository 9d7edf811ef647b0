/** Reasons in our words for the messages of decoders. */
import type { ImageFormat } from './sniff.ts';
import { endsEarly } from './truncated.ts';

const ENDS = /premature end|unexpected end|not enough data|short \d|truncated|no image/i;
const HEADER =
  /corrupt header|bogus|required field|unable to parse|invalid (sos|component)|unsupported marker/i;
const KINDS = [
  /samples out of range|bit depth|no codec|not (supported|configured)|unsupported (color|bit)/i,
  /whole number of bytes|bad labq|sorry, |unsupported jpeg|omitted at compile/i,
];

/**
 * States why a file cannot be decoded.
 *
 * @param message of the decoder
 */
export function plainReason(format: ImageFormat, bytes: Uint8Array, message: string): string {
  const name = format.toUpperCase();
  if (KINDS.some((kind) => kind.test(message)))
    return `${name} file of an unusual kind; convert it to 8-bit PNG`;
  const detail =
    endsEarly(format, bytes) || ENDS.test(message)
      ? 'it ends too early'
      : HEADER.test(message) || /unsupported image format/.test(message)
        ? 'its header is damaged'
        : 'its data are damaged';
  return `truncated or corrupt ${name} file (${detail})`;
}
