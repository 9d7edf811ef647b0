/** Every file and function that the walks through the code name exists. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readText, root } from './repository.cases.ts';

interface Hop {
  readonly number: number;
  readonly file: string;
  readonly name: string;
}

/** Lists the hops of a section, such as "3. `src/data/source.ts` `openSource` lists ...". */
function hopsOf(title: string): Hop[] {
  const [, section = ''] = readText('docs/architecture.md').split(`## ${title}\n`);
  const [body = ''] = section.split('\n## ');
  return [...body.matchAll(/^(\d+)\. (.*)$/gm)].map(([line, number, text]) => {
    const [, file, name] = /^`(src\/[^`]+)` `(\w+)` \w/.exec(text!) ?? [];
    if (!file || !name) throw new Error(`${line}: expected a file and a function`);
    return { number: Number(number), file, name };
  });
}

/** Returns true where the text declares a function or a value of that name. */
const declares = (text: string, name: string) =>
  new RegExp(`^(export )?(async )?(function\\*?|const) ${name}\\b`, 'm').test(text);

describe.each(['One image from source to cluster', 'One loss from paper to ONNX node'])(
  '%s',
  (title) => {
    const hops = hopsOf(title);

    it('is numbered from 1', () => {
      expect(hops.length).toBeGreaterThan(8);
      expect(hops.map(({ number }) => number)).toEqual(hops.map((_, i) => i + 1));
    });

    it.each(hops)('$number. $file has $name', ({ file, name }) => {
      expect(existsSync(join(root, file))).toBe(true);
      expect(declares(readText(file), name)).toBe(true);
    });
  },
);

describe('declares', () => {
  it('knows a declaration from a use', () => {
    expect(declares('export async function open() {}', 'open')).toBe(true);
    expect(declares('export const open = () => {};', 'open')).toBe(true);
    expect(declares("import { open } from './a.ts';\nopen();", 'open')).toBe(false);
    expect(declares('export function openAll() {}', 'open')).toBe(false);
  });
});
