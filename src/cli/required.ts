/** Flags that a command cannot do without. */
import { LikenessError } from '../core/errors.ts';

/** The value of a flag; an error that names the flag and what it takes when it was not given. */
export function required(flag: string, value: string | undefined, expected: string): string {
  if (value !== undefined && value !== '') return value;
  const received = value === undefined ? 'nothing' : 'an empty text';
  throw new LikenessError('flag.missing', `${flag}: received ${received}; expected ${expected}`);
}
