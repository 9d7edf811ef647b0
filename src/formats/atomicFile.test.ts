import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type FileOperations,
  isTemporaryName,
  makeFolder,
  removeTemporaries,
  writeFileAtomic,
  writeFileStreamed,
} from './atomicFile.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-atomic-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/**
 * Real files, except that the chosen operation fails with `code` (writes fail after `allowed`
 * calls).
 */
function failing(
  operation: 'open' | 'write' | 'sync' | 'rename',
  code: string,
  allowed = 0,
): FileOperations {
  const fail = () => {
    throw Object.assign(new Error(`${code}: simulated`), { code });
  };
  return {
    rm,
    rename: operation === 'rename' ? async () => fail() : rename,
    open: (async (path: string, flags: string) => {
      if (operation === 'open') fail();
      const handle = await open(path, flags);
      let calls = 0;
      return {
        writeFile: async (data: Uint8Array) => {
          if (operation === 'write' && calls++ >= allowed) {
            await handle.writeFile(data.subarray(0, data.length >> 1)); // a full disk takes a part
            fail();
          }
          await handle.writeFile(data);
        },
        sync: async () => (operation === 'sync' ? fail() : handle.sync()),
        close: () => handle.close(),
      } as unknown as FileHandle;
    }) as typeof open,
  };
}

describe('writeFileAtomic', () => {
  it('writes text, bytes and pieces, and replaces an earlier file', async () => {
    const path = join(folder, 'a.txt');
    await writeFileAtomic(path, 'first');
    await writeFileAtomic(path, ['sec', Buffer.from('ond')]);
    expect(await readFile(path, 'utf8')).toBe('second');
    expect(await readdir(folder)).toEqual(['a.txt']);
  });

  it('writes pieces larger than one write call', async () => {
    const big = new Uint8Array(40 * 1024 * 1024).map((_, i) => i % 251);
    await writeFileAtomic(join(folder, 'big'), big);
    expect(Buffer.compare(await readFile(join(folder, 'big')), big)).toBe(0);
  });

  it.each([
    ['open', 'EACCES', 'write.denied', 'permission was denied'],
    ['open', 'EROFS', 'write.denied', 'the file system is read-only'],
    ['write', 'ENOSPC', 'write.noSpace', 'the disk is full'],
    ['sync', 'ENOSPC', 'write.noSpace', 'the disk is full'],
    ['rename', 'EDQUOT', 'write.noSpace', 'the disk quota is used up'],
    ['rename', 'EIO', 'write.failed', 'EIO: simulated'],
  ] as const)(
    'keeps the earlier file when %s fails with %s',
    async (operation, errno, code, reason) => {
      const path = join(folder, 'a.txt');
      await writeFileAtomic(path, 'good');
      const write = writeFileAtomic(path, ['new ', 'content'], {
        files: failing(operation, errno, 1),
      });
      await expect(write).rejects.toMatchObject({ name: 'LikenessError', code });
      await expect(write).rejects.toThrow(
        `Could not write ${path}: ${reason}. An earlier version of it`,
      );
      expect(await readFile(path, 'utf8')).toBe('good');
      expect(await readdir(folder)).toEqual(['a.txt']);
    },
  );

  it('says what is wrong with the path itself', async () => {
    await expect(writeFileAtomic(join(folder, 'none', 'a'), 'x')).rejects.toThrow(
      /folder does not exist/,
    );
    await mkdir(join(folder, 'taken'));
    await expect(writeFileAtomic(join(folder, 'taken'), 'x')).rejects.toThrow(
      /Could not write .*taken/,
    );
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('shows no file before the content is complete, and none when making it failed', async () => {
    const path = join(folder, 'b');
    await writeFileStreamed(path, async (sink) => {
      await sink.write('half');
      const names = await readdir(folder);
      expect(names.length).toBe(1);
      expect(isTemporaryName(names[0]!)).toBe(true);
      expect(await removeTemporaries(folder)).toEqual([]); // it is in progress here
      await sink.write(' whole');
    });
    expect(await readFile(path, 'utf8')).toBe('half whole');
    const failed = writeFileStreamed(join(folder, 'c'), async () => {
      throw new Error('source broke');
    });
    await expect(failed).rejects.toThrow('source broke');
    expect(await readdir(folder)).toEqual(['b']);
  });

  it('removes what earlier writes of the file left whose process has ended', async () => {
    const path = join(folder, 'a.txt');
    const ended = spawnSync(process.execPath, ['--version']).pid;
    const others = [`.b.txt.${ended}-0.tmp`, `.a.txt.${process.ppid}-0.tmp`, 'a.txt.tmp'];
    // The number of this process, as in a container, where every process has the same.
    const left = [`.a.txt.${ended}-0.tmp`, `.a.txt.${process.pid}-99999.tmp`];
    for (const name of [...others, ...left]) await writeFile(join(folder, name), 'torn');
    await writeFileAtomic(path, 'whole');
    expect((await readdir(folder)).sort()).toEqual([...others, 'a.txt'].sort());
  });

  it('removes what killed writes left, and nothing else', async () => {
    await writeFile(join(folder, '.step-1.safetensors.4242-0.tmp'), 'torn');
    await writeFile(join(folder, 'my.tmp'), 'kept');
    expect(await removeTemporaries(folder)).toEqual(['.step-1.safetensors.4242-0.tmp']);
    expect(await readdir(folder)).toEqual(['my.tmp']);
    expect(await removeTemporaries(join(folder, 'missing'))).toEqual([]);
  });
});

describe('makeFolder', () => {
  it('makes parents too, and is content with a folder that is there', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await makeFolder(path);
    await makeFolder(path);
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['c']);
  });

  it('names a file that is in the way', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file'))).rejects.toThrow(
      /A file of that name is where a folder/,
    );
    await expect(makeFolder(join(folder, 'file', 'below'))).rejects.toThrow(
      /A part of the path is a file/,
    );
  });

  it.runIf(existsSync('/proc/self'))('ends with an error where no folder can be made', async () => {
    await expect(makeFolder('/proc/likeness/run')).rejects.toThrow(
      /Could not write \/proc\/likeness/,
    );
  });
});
