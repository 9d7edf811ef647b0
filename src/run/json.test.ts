import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  canonicalJson,
  hashOfJson,
  isMissing,
  readJson,
  readJsonIfValid,
  writeJson,
} from './json.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'value.json');
const schema = z.object({ step: z.int(), parts: z.array(z.object({ name: z.string() })) });

describe('JSON files', () => {
  it('give back what was written', async () => {
    const value = { step: 3, parts: [{ name: 'ü\n' }] };
    await writeJson(file(), value);
    expect(await readJson(file(), schema)).toEqual(value);
  });

  it('name the file and the field that is wrong', async () => {
    await expect(readJson(file(), schema)).rejects.toThrow(/Could not read .*value\.json/);
    await writeFile(file(), '{"step": 3');
    await expect(readJson(file(), schema)).rejects.toThrow(/value\.json is damaged or was changed/);
    await writeFile(file(), '{"step": 3, "parts": [{"name": 1}]}');
    await expect(readJson(file(), schema)).rejects.toThrow(/parts\.0\.name: /);
    expect(await readJsonIfValid(file(), schema)).toBeUndefined();
  });
});

describe('a missing file', () => {
  const isMissingAt = async (path: string) =>
    isMissing(await readJson(path, schema).catch((error: unknown) => error));

  it('is one that is not there, and none that cannot be read', async () => {
    expect(await isMissingAt(file())).toBe(true);
    await writeFile(file(), '{"step": 3');
    expect(await isMissingAt(file())).toBe(false);
    expect(await isMissingAt(join(file(), 'below a file'))).toBe(true);
    expect(await isMissingAt(folder.path)).toBe(false);
    const link = join(folder.path, 'link');
    await symlink(link, link);
    expect(await isMissingAt(link)).toBe(false);
  });
});

describe('canonical JSON', () => {
  it('is equal for equal values, whatever the order of keys', () => {
    expect(canonicalJson({ b: [{ d: 1, c: Number.NaN }], a: undefined })).toBe(
      '{"b":[{"c":null,"d":1}]}',
    );
    expect(hashOfJson({ a: 1, b: 2 })).toBe(hashOfJson({ b: 2, a: 1 }));
    expect(hashOfJson({ a: 1 })).not.toBe(hashOfJson({ a: 2 }));
  });
});
