/** Files are opened to read in one place, which refuses named pipes and devices. */
import { describe, expect, it } from 'vitest';
import { filesOf, isTest, readText } from './repository.cases.ts';

/** Functions of node:fs that open a file to read, and could wait for ever. */
const READERS = /\b(?:readFile|readFileSync|createReadStream|openAsBlob|openSync|fs\.open)\b/;
/** Opens files to read or to write. */
const OPEN = /\bopen\b/;

/** Files that may open by themselves, with the reason. */
const allowed: Record<string, string> = {
  'src/formats/regularFile.ts': 'opens every file to read',
  'src/formats/atomicFile.ts': 'opens temporary files to write, and folders to flush them',
  'src/formats/scratchFile.ts': 'creates files of its own',
  'src/data/pack-file.ts': 'creates files of its own',
  'src/data/featureCache.ts': 'creates files of its own',
  'src/data/thumbnailCache.ts': 'creates files of its own',
  'src/data/cacheBuilder.ts': 'opens a folder to flush it',
  'src/data/source-folder.ts': 'opens on other threads, as regularFile.ts does',
  'src/encoders/hub/hubDownload.ts': 'opens to append, after the check of requireReplaceable',
  'src/run/events.ts': 'opens to append, after the check of requireReplaceable',
  'src/run/lock.ts': 'reads /proc',
  'src/core/version.ts': 'reads the package.json of the program itself',
};

/** Imports of node:fs that open files, and calls through a name of the module. */
function openersIn(text: string): string[] {
  const imports = [...text.matchAll(/import \{([^}]*)\} from 'node:fs(?:\/promises)?'/g)]
    .flatMap((match) => match[1]!.split(','))
    .map((name) => name.trim())
    .filter((name) => READERS.test(name) || OPEN.test(name));
  const calls = [...text.matchAll(/\bfs\.(\w+)\b/g)].map((match) => match[0]);
  return [...imports, ...calls.filter((call) => READERS.test(call) || call === 'fs.readFileSync')];
}

const sources = filesOf(['src/**/*.ts']).filter(
  (file) => !isTest(file) && !file.endsWith('.cases.ts'),
);

describe('the sources', () => {
  it('open files to read through formats/regularFile.ts alone', () => {
    const opening = sources.filter((file) => openersIn(readText(file)).length > 0);
    expect(opening.toSorted()).toEqual(Object.keys(allowed).toSorted());
  });
});

describe('openersIn', () => {
  it.each([
    ["import { readFile, stat } from 'node:fs/promises';", ['readFile']],
    ["import {\n  type FileHandle,\n  open,\n} from 'node:fs/promises';", ['open']],
    ["import { stat } from 'node:fs/promises';", []],
    ["import * as fs from 'node:fs';\nfs.openSync(path, 'r')", ['fs.openSync']],
    ["import { openRegular } from '../formats/index.ts';", []],
  ])('%j', (text, expected) => {
    expect(openersIn(text)).toEqual(expected);
  });
});
