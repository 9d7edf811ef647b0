import { once } from 'node:events';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { openPixelCache } from './cache.ts';
import { plainPng, temporaryFolder, writeTree } from './pictures.cases.ts';
import { openPixelReader } from './reader.ts';
import { openSource } from './source.ts';

async function threePictures() {
  const folder = writeTree(temporaryFolder(), {
    '1.png': await plainPng(2, 1, [1, 2, 3]),
    '2.png': await plainPng(5, 4, [4, 5, 6]),
    '3.png': await plainPng(1, 1, [7, 8, 9]),
  });
  return openPixelCache(await openSource(folder), { cacheDir: temporaryFolder() });
}

it('reads any image in any order into one buffer', async () => {
  const cache = await threePictures();
  const reader = openPixelReader(cache);
  const last = reader.read(2);
  expect([last.width, last.height, ...last.pixels]).toEqual([1, 1, 7, 8, 9]);
  const second = reader.read(1);
  expect([second.width, second.height, second.pixels.length]).toEqual([5, 4, 60]);
  const first = reader.read(0);
  expect([...first.pixels]).toEqual([1, 2, 3, 1, 2, 3]);
  expect(first.pixels.buffer).toBe(second.pixels.buffer);
  expect(() => reader.read(3)).toThrow('index: 3 is not from 0 to 2');
  reader.close();
});

it('reads in worker threads, which share the index', async () => {
  const cache = await threePictures();
  const script = join(temporaryFolder(), 'worker.mjs');
  const readerUrl = pathToFileURL(join(import.meta.dirname, 'reader.ts')).href;
  writeFileSync(
    script,
    `import { parentPort, workerData } from 'node:worker_threads';
    import { openPixelReader } from ${JSON.stringify(readerUrl)};
    const reader = openPixelReader(workerData);
    const shared = workerData.offsets.buffer instanceof SharedArrayBuffer;
    parentPort.postMessage([shared, ...reader.read(2).pixels]);`,
  );
  const worker = new Worker(script, { workerData: cache });
  const [message] = await once(worker, 'message');
  expect(message).toEqual([true, 7, 8, 9]);
  await worker.terminate();
});

it('says what to do when the file is gone or shorter than it was', async () => {
  const cache = await threePictures();
  const reader = openPixelReader(cache);
  truncateSync(cache.file, 30);
  expect(() => reader.read(1)).toThrow(
    /ends before image 1\. Clear the cache and run the command again\./,
  );
  reader.close();
  rmSync(cache.file);
  expect(() => openPixelReader(cache)).toThrow(
    /no such file or folder \(ENOENT\)\. It may have been cleared/,
  );
});
