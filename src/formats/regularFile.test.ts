import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdtempSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireReplaceable, writeFileAtomic } from './atomicFile.ts';
import {
  openRegular,
  openRegularSync,
  readRegular,
  readRegularSync,
  readRegularText,
} from './regularFile.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-regular-'));
const at = (name: string) => join(folder, name);
const server = createServer();
const onUnix = process.platform !== 'win32';

beforeAll(async () => {
  writeFileSync(at('file'), 'content');
  symlinkSync(at('file'), at('link'));
  linkSync(at('file'), at('hard'));
  if (!onUnix) return;
  execFileSync('mkfifo', [at('pipe')]);
  symlinkSync(at('pipe'), at('link-to-pipe'));
  symlinkSync('/dev/zero', at('zero'));
  await new Promise<void>((done) => server.listen(at('socket'), done));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Every function that opens or reads, in one form. */
const readers: Record<string, (path: string) => Promise<string>> = {
  async openRegularSync(path) {
    const file = openRegularSync(path);
    const bytes = Buffer.alloc(7);
    readSync(file, bytes);
    closeSync(file);
    return bytes.toString();
  },
  async openRegular(path) {
    const handle = await openRegular(path);
    const text = await handle.readFile('utf8');
    await handle.close();
    return text;
  },
  readRegularSync: async (path) => readRegularSync(path).toString(),
  readRegular: async (path) => (await readRegular(path)).toString(),
  readRegularText,
};

describe.each(Object.keys(readers))('%s', (name) => {
  const read = readers[name]!;

  it.each(['file', 'link', 'hard'])('reads a %s', async (file) => {
    expect(await read(at(file))).toBe('content');
  });

  it.runIf(onUnix).each([
    ['pipe', 'a named pipe, not a regular file'],
    ['link-to-pipe', 'a named pipe, not a regular file'],
    ['zero', 'a device, not a regular file'],
    ['socket', 'a socket, not a regular file'],
  ])('refuses a %s at once', async (file, message) => {
    await expect(read(at(file))).rejects.toMatchObject({ code: 'file.irregular', message });
  });

  it("passes on the file system's error", async () => {
    await expect(read(at('missing'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(read(folder)).rejects.toMatchObject({ code: 'EISDIR' });
  });
});

describe.runIf(onUnix)('writing', () => {
  it.each([
    ['pipe', 'a named pipe'],
    ['zero', 'a device'],
    ['socket', 'a socket'],
  ])('over a %s is refused, and leaves it', async (file, kind) => {
    const refused = {
      code: 'write.irregular',
      message: expect.stringContaining(`the path of ${kind};`),
    };
    await expect(writeFileAtomic(at(file), 'text')).rejects.toMatchObject(refused);
    await expect(requireReplaceable(at(file))).rejects.toMatchObject(refused);
    await expect(readRegular(at(file))).rejects.toMatchObject({ code: 'file.irregular' });
  });

  it('replaces files and makes new ones', async () => {
    for (const name of ['new', 'new', 'link']) {
      await writeFileAtomic(at(name), name);
      expect(readRegularSync(at(name)).toString()).toBe(name);
    }
  });
});
