import { describe, expect, it } from 'vitest';
import { LikenessError } from '../core/errors.ts';
import { errorWithFlags } from './optionErrors.ts';

const options = [
  ...['-k, --clusters <K>', '--epochs <n>', '--minutes <m>', '--auto-remedy', '-o, --out <dir>'],
  ...['--by <way>', '--set <key=value>'],
];
const shown = (code: string, message: string) => {
  const error = errorWithFlags(new LikenessError(code, message), {
    options: options.map((flags) => ({ flags })),
    paths: { source: 'photos' },
  });
  return [error.code, error.message];
};

describe('errors of the library', () => {
  it.each([
    ['k: received 9; expected at most 3', '-k: received 9; expected at most 3'],
    ['epochs and minutes: received both', '--epochs and --minutes: received both'],
    ['resume: expected `out` with a folder', 'resume: expected --out with a folder'],
    ['collapsed: try `autoRemedy`, not `this`', 'collapsed: try --auto-remedy, not `this`'],
    ["Use `by: 'copy'`, or not.", 'Use --by copy, or not.'],
    ['settings: "x" is not a setting', '--set: "x" is not a setting'],
    ['Try `model.cluster(images)` again', 'Try "likeness cluster photos --run <run>" again'],
    ['Try `model.other(images)` again', 'Try `model.other(images)` again'],
    ['photos: found no image: expected one', 'photos: found no image: expected one'],
    ['the run at epochs is gone', 'the run at epochs is gone'],
  ])('%s', (message, expected) => {
    expect(shown('option.conflict', message)).toEqual(['flag.conflict', expected]);
    expect(shown('source.missing', message)).toEqual(['source.missing', expected]);
  });
});
