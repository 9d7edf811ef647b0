/** Checks of required flags. */
import { LikenessError } from '../core/errors.ts';

/** Returns the value of a flag, or throws an error that names the flag and its expected value. */
export function required(flag: string, value: string | undefined, expected: string): string {
  if (value !== undefined && value !== '') return value;
  const received = value === undefined ? 'nothing' : 'an empty text';
  throw new LikenessError('flag.missing', `${flag}: received ${received}; expected ${expected}`);
}
