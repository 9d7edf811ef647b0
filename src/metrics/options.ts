/** Checks of options without a schema library, which would make a browser's page larger. */
import { LikenessError } from '../core/errors.ts';

/** Refuses misspelt options. @throws LikenessError `option.unknown` */
export function requireNames(options: object, names: readonly string[]): void {
  const unknown = Object.keys(options).filter((name) => !names.includes(name));
  if (unknown.length === 0) return;
  throw new LikenessError(
    'option.unknown',
    `${unknown.join(', ')}: received an unknown option; expected ${names.join(', ')}`,
  );
}
