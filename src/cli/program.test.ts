/** Refusals of a command line before any work. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace } from '../../test/likeness.cases.ts';
import { runHere } from '../../test/runHere.cases.ts';

const workplace = openWorkplace();
const folder = workplace.path;
afterAll(() => workplace.remove());

/** A one-pixel GIF. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64');

beforeAll(() => {
  mkdirSync(join(folder, 'photos'));
  for (let i = 0; i < 3; i++) writeFileSync(join(folder, 'photos', `${i}.gif`), PIXEL);
  mkdirSync(join(folder, 'full'));
  writeFileSync(join(folder, 'full', 'mine'), '');
});

const likeness = (...args: string[]) => runHere(workplace, ...args);

describe('before any work', () => {
  it.each<[args: string[], code: number, message: RegExp]>([
    [
      ['cluster', 'photos', '-k', '99999'],
      2,
      /-k: received 99999 for 3 images; expected .* 1 to 3/,
    ],
    [['start', 'photos', '-k', '4'], 2, /-k: received 4 for 3 images/],
    [['cluster', 'photos', '--into', 'full'], 4, /--into: full is not empty: "mine"/],
    [['cluster', 'photos', '--into', 'photos/in'], 4, /--into: photos\/in lies in the source/],
    [['cluster', 'photos', '--into', ''], 2, /--into: received an empty text/],
    [['train', 'photos', '--out', ''], 2, /--out: received an empty text/],
    [['embed', 'photos', '--run', ' ', '--out', 'a.npy'], 2, /--run: received an empty text/],
    [['train', ''], 2, /source: received an empty text/],
    [
      ['train', 'photos', '--minutes', '1e300'],
      2,
      /--minutes: received "1e300"; .* at most 527,040/,
    ],
    [['train', 'photos', '--preset', 'smal-32'], 2, /--preset: .*; did you mean "small-32"\?/],
    [['train', 'photos', '--method', 'swva'], 2, /--method: .*; did you mean "swav"\?/],
    [['train', 'photos', '--set', 'epochs=1e15'], 2, /epochs: received/],
    [['inspect', 'nothing'], 3, /nothing: there is nothing/],
    [['embed', 'photos', '--run', 'photos', '--out', 'a.npy'], 3, /photos is not a run/],
  ])('%j is refused', async (args, code, message) => {
    const ended = await likeness(...args, '--json');
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
    expect(ended.stderr).not.toMatch(/^\s+at |decoding|patches/m);
    expect(JSON.parse(ended.stdout).error.message).toMatch(message);
  });
});

describe('a switch', () => {
  it('needs no value', async () => {
    const { code, stderr } = await likeness('train', 'photos', '--resume', '--out', 'nothing');
    expect(stderr).toMatch(/There is no run at nothing/);
    expect(code).toBe(3);
  });
});
