import { LikenessError, reasonOf } from '../core/errors.ts';

/** Descriptions of common error codes of the operating system. */
const systemReasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'is a folder',
  ELOOP: 'a chain of links that leads back to itself',
  EIO: 'the disk reports a read or write error',
  EMFILE: 'too many open files',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than allowed',
  EROFS: 'the disk is read-only',
  ENAMETOOLONG: 'the path is too long',
  EEXIST: 'a file of that name is in the way',
  ESTALE: 'the network folder is gone',
};

/** Returns the operating system's error code (`"ENOENT"`), if the thrown value has one. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** States why a file operation failed, with the system's code. */
export function systemReason(error: unknown): string {
  const code = systemCode(error);
  return code ? `${systemReasons[code] ?? 'cannot be read'} (${code})` : reasonOf(error);
}

/** Builds the error for an image whose bytes cannot be read now. Another attempt may succeed. */
export function unreadable(error: unknown): LikenessError {
  return new LikenessError('image.unreadable', systemReason(error), { cause: error });
}

/** Builds the error for bytes that are no usable image. */
export function unusable(reason: string, options?: ErrorOptions): LikenessError {
  return new LikenessError('image.unusable', reason, options);
}

/** Tells if an error concerns a single image, so that work on the others can continue. */
export function isImageError(error: unknown): error is LikenessError {
  return error instanceof LikenessError && error.code.startsWith('image.');
}

/** `"1 image"`, `"1,234 images"`. */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
