import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type BuildOptions, buildCache } from './cacheBuilder.ts';
import { MAX_PIXELS } from './decode.ts';
import { openIsolatedDecoder } from './isolatedDecoder.ts';
import { readPack } from './pack-file.ts';
import { detailed, errorOf, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openSource } from './source.ts';
import { WINDOW } from './storeRange.ts';

const program = new URL('./crashing.process.cases.ts', import.meta.url);
const settings = { contentKey: 'key', size: 16, maxPixels: MAX_PIXELS };

/** A folder of `count` images, with words for the crashing process at some places. */
async function writeImages(
  count: number,
  words: Readonly<Record<number, string>>,
): Promise<string> {
  const files: Record<string, string | Uint8Array> = {};
  for (let i = 0; i < count; i++) {
    files[`${i}.jpg`] =
      words[i] ??
      (await detailed(20 + (i % 7), 18)
        .jpeg()
        .toBuffer());
  }
  return writeTree(temporaryFolder(), files);
}

async function build(folder: string, options: Partial<BuildOptions> = {}) {
  const cacheDir = temporaryFolder();
  const file = join(cacheDir, 'a.pixels');
  const source = await openSource(folder);
  const decoder = openIsolatedDecoder({ program });
  await buildCache(source, file, { cacheDir, ...settings, decoder, ...options });
  // After a failure the process must be gone without this.
  decoder.close();
  return { source, file, pack: readPack(file)! };
}

describe('a decoder that crashes', () => {
  it('costs the images at which it does, and no others', { timeout: 120_000 }, async () => {
    const words = { 0: 'SIGSEGV', 1: 'ABORT', 50: 'SIGKILL', 90: 'EXIT', 119: 'SIGBUS' };
    const folder = await writeImages(120, words);
    const seen: number[] = [];
    const { source, file, pack } = await build(folder, {
      onProgress: ({ done }) => seen.push(done),
    });
    expect(pack.meta.count).toBe(115);
    expect(pack.meta.skipped).toEqual(
      Object.keys(words).map((index) => ({
        index: Number(index),
        reason: 'the decoder crashed on this file',
      })),
    );
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(120);

    // The same images, decoded in this process, are the same bytes.
    const here = join(temporaryFolder(), 'b.pixels');
    const usable = source.entries.flatMap((entry, i) => (i in words ? [] : [{ entry, i }]));
    const alone = {
      ...source,
      location: undefined,
      entries: usable.map(({ entry }) => entry),
      read: (index: number) => source.read(usable[index]!.i),
    };
    await buildCache(alone, here, { ...settings, cacheDir: temporaryFolder() });
    const whole = readPack(here)!;
    const end = pack.offsets.at(-1)! + pack.widths.at(-1)! * pack.heights.at(-1)! * 3;
    expect(readFileSync(file).subarray(0, end)).toEqual(readFileSync(here).subarray(0, end));
    expect([pack.widths, pack.heights]).toEqual([whole.widths, whole.heights]);
    expect([...pack.images]).toEqual(usable.map(({ i }) => i));
  });

  it('keeps what was stored before: at most a window of images is decoded again', async () => {
    const folder = await writeImages(200, { 199: 'SIGSEGV' });
    const seen: number[] = [];
    await build(folder, { onProgress: ({ done }) => seen.push(done) });
    const oneByOne = seen.filter((done, i) => done - (seen[i - 1] ?? 0) === 1).length;
    expect(oneByOne).toBeGreaterThan(0);
    expect(oneByOne).toBeLessThanOrEqual(WINDOW);
  });

  it('is left behind where it hangs or spins', { timeout: 120_000 }, async () => {
    const folder = await writeImages(6, { 1: 'HANG', 4: 'SPIN' });
    const decoder = openIsolatedDecoder({ program, stallMs: 3000 });
    onTestFinished(() => decoder.close());
    const { pack } = await build(folder, { decoder });
    expect(pack.meta.count).toBe(4);
    expect(pack.meta.skipped).toEqual(
      [1, 4].map((index) => ({ index, reason: 'decoding did not end within 3 seconds' })),
    );
  });

  it('on every image leaves no cache behind', async () => {
    const folder = await writeImages(2, { 0: 'SIGSEGV', 1: 'SIGSEGV' });
    const cacheDir = temporaryFolder();
    const error = await errorOf(build(folder, { cacheDir }));
    expect(error.code).toBe('source.unusable');
    expect(error.message).toContain('0.jpg: the decoder crashed on this file');
    expect(readdirSync(cacheDir)).toEqual([]);
  });
});

describe('the decoding process', () => {
  it('ends at once when the work is given up', async () => {
    const folder = await writeImages(3, { 1: 'SPIN' });
    const abort = new AbortController();
    const begun = performance.now();
    setTimeout(() => abort.abort(new Error('given up')), 1500);
    await expect(build(folder, { signal: abort.signal })).rejects.toThrow('given up');
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(decodersOfThisTest()).toEqual([]);
  });

  it('ends with the program, however that ends', { timeout: 60_000 }, async () => {
    const folder = await writeImages(3, { 1: 'HANG' });
    const cacheDir = temporaryFolder();
    const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
    const script = `
      import { buildCache } from ${url('./cacheBuilder.ts')};
      import { openSource } from ${url('./source.ts')};
      import { openIsolatedDecoder } from ${url('./isolatedDecoder.ts')};
      const program = new URL(${url('./crashing.process.cases.ts')});
      const decoder = openIsolatedDecoder({ program });
      const options = { ...${JSON.stringify({ ...settings, cacheDir })}, decoder };
      setTimeout(() => console.log('working'), 2500);
      const source = await openSource(${JSON.stringify(folder)});
      await buildCache(source, ${JSON.stringify(join(cacheDir, 'a.pixels'))}, options);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(parent.stdout, 'data');
    const [child] = childrenOf(parent.pid!);
    expect(child).toBeDefined();
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await expect.poll(() => isRunning(child!), { timeout: 5000 }).toBe(false);
  });

  it('ends with an error of the progress callback', async () => {
    const folder = await writeImages(3, {});
    const cacheDir = temporaryFolder();
    const onProgress = () => {
      throw new TypeError('a defect');
    };
    await expect(build(folder, { cacheDir, onProgress })).rejects.toThrow('a defect');
    expect(readdirSync(cacheDir)).toEqual([]);
  });

  it('says so where it cannot start', async () => {
    const folder = await writeImages(1, {});
    const missing = new URL('./no-such-program.ts', import.meta.url);
    const error = await errorOf(
      build(folder, { decoder: openIsolatedDecoder({ program: missing }) }),
    );
    expect(error.code).toBe('decoder.start');
    expect(error.message).toMatch(
      /^decoding: the process that decodes images did not start: it ended with code 1/,
    );
  });

  it('refuses a source that is another one for it', async () => {
    const folder = await writeImages(3, {});
    const cacheDir = temporaryFolder();
    const source = await openSource(folder);
    writeTree(folder, { '9.jpg': 'x' });
    const file = join(cacheDir, 'a.pixels');
    const error = await errorOf(buildCache(source, file, { cacheDir, ...settings }));
    expect(error.code).toBe('source.changed');
    expect(readdirSync(cacheDir)).toEqual([]);
  });
});

/** Ids of the processes that another one started. */
function childrenOf(parent: number): number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'ppid=,pid=']).toString().trim().split('\n');
  return rows
    .map((row) => row.trim().split(/\s+/).map(Number))
    .flatMap(([ppid, pid]) => (ppid === parent ? [pid!] : []));
}

/** Decoding processes of this test that are running. */
function decodersOfThisTest(): number[] {
  return childrenOf(process.pid).filter((pid) => commandOf(pid).includes('crashing.process'));
}

function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'args=']).toString();
  } catch {
    return '';
  }
}

function isRunning(pid: number): boolean {
  return commandOf(pid).includes('crashing.process');
}
