import { describe, expect, it } from 'vitest';
import { LikenessError } from '../core/errors.ts';
import { errorWithFlags } from './optionErrors.ts';

const options = ['-k, --clusters <K>', '--epochs <n>', '--minutes <m>', '--auto-remedy', '-o, --out <dir>'];
const shown = (code: string, message: string) => {
  const error = errorWithFlags(
    new LikenessError(code, message),
    options.map((flags) => ({ flags })),
  );
  return [error.code, error.message];
};

describe('errors of the library', () => {
  it.each([
    ['k: received 9; expected at most 3', '-k: received 9; expected at most 3'],
    ['epochs and minutes: received both', '--epochs and --minutes: received both'],
    ['resume: expected `out` with a folder', 'resume: expected --out with a folder'],
    ['collapsed: try `autoRemedy`, not `this`', 'collapsed: try --auto-remedy, not `this`'],
    ['photos: found no image: expected one', 'photos: found no image: expected one'],
    ['the run at epochs is gone', 'the run at epochs is gone'],
  ])('%s', (message, expected) => {
    expect(shown('option.conflict', message)).toEqual(['flag.conflict', expected]);
    expect(shown('source.missing', message)).toEqual(['source.missing', expected]);
  });
});
