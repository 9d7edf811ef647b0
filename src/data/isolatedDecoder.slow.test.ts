import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeImage } from './decode.ts';
import { openIsolatedDecoder } from './isolatedDecoder.ts';
import { detailed, errorOf } from './pictures.cases.ts';

const program = new URL('./crashing.process.cases.ts', import.meta.url);

function opened(options: { idleMs?: number; stallMs?: number } = {}) {
  const decoder = openIsolatedDecoder({ program, ...options });
  onTestFinished(() => decoder.close());
  const encoded = (content: string | Uint8Array) =>
    ({ kind: 'encoded', bytes: Buffer.from(content) }) as const;
  return {
    ...decoder,
    decode: (content: string | Uint8Array) => decoder.decode(encoded(content), { size: 16 }),
    size: (content: string | Uint8Array) => decoder.size(encoded(content)),
  };
}

describe('an isolated decoder', () => {
  it('gives what decoding in this process gives, errors included', async () => {
    const decoder = opened();
    const file = await detailed(50, 40).webp().toBuffer();
    const found = await decoder.decode(file);
    const wanted = await decodeImage({ kind: 'encoded', bytes: file }, { size: 16 });
    expect({ ...found, pixels: Buffer.from(found.pixels) }).toEqual({
      ...wanted,
      pixels: Buffer.from(wanted.pixels),
    });
    expect(await decoder.size(file)).toMatchObject({ width: 50, height: 40 });
    expect(await decoder.size(await detailed(50, 40).jpeg().toBuffer())).toMatchObject({
      width: 50,
      height: 40,
    });
    for (const bad of ['text', '', file.subarray(0, 100)]) {
      const error = await errorOf(decoder.decode(bad));
      const same = await errorOf(
        decodeImage({ kind: 'encoded', bytes: Buffer.from(bad) }, { size: 16 }),
      );
      expect([error.code, error.message]).toEqual([same.code, same.message]);
    }
  });

  it('that crashes costs the images at which it does', async () => {
    const decoder = opened();
    const file = await detailed(50, 40).png().toBuffer();
    const contents = [file, 'SIGSEGV', file, 'ABORT', file];
    const results = await Promise.allSettled(contents.map((content) => decoder.decode(content)));
    expect(results.map(({ status }) => status)).toEqual(
      contents.map((content) => (typeof content === 'string' ? 'rejected' : 'fulfilled')),
    );
    const error = await errorOf(decoder.decode('EXIT'));
    expect([error.code, error.message]).toEqual([
      'image.unusable',
      'the decoder crashed on this file',
    ]);
    expect((await errorOf(decoder.size('SIGSEGV'))).message).toBe(
      'the decoder crashed on this file',
    );
    expect(await decoder.decode(file)).toMatchObject({ width: 20, height: 16 });
  });

  it('that hangs is ended', async () => {
    const decoder = opened({ stallMs: 1500 });
    expect((await errorOf(decoder.decode('HANG'))).message).toBe(
      'decoding did not end within 1.5 seconds',
    );
  });

  it('ends when it is idle, and starts again', async () => {
    const decoder = opened({ idleMs: 50 });
    const file = await detailed(50, 40).png().toBuffer();
    for (let i = 0; i < 3; i++) {
      expect(await decoder.decode(file)).toMatchObject({ width: 20, height: 16 });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });

  it('gives up when asked to, and decodes again afterwards', async () => {
    const decoder = openIsolatedDecoder({ program });
    onTestFinished(() => decoder.close());
    const image = (content: string | Uint8Array) =>
      ({ kind: 'encoded', bytes: Buffer.from(content) }) as const;
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('given up')), 1000);
    const { signal } = abort;
    await expect(decoder.decode(image('SPIN'), { size: 16, signal })).rejects.toThrow('given up');
    await expect(decoder.size(image('SPIN'), { signal })).rejects.toThrow('given up');
    const file = await detailed(50, 40).png().toBuffer();
    expect(await decoder.decode(image(file), { size: 16 })).toMatchObject({
      width: 20,
      height: 16,
    });
  });

  it('lends its idle process, and takes it back', async () => {
    const decoder = openIsolatedDecoder({ program });
    onTestFinished(() => decoder.close());
    const image = { kind: 'encoded', bytes: await detailed(50, 40).png().toBuffer() } as const;
    const first = await decoder.lend();
    const second = await decoder.lend();
    expect(second).not.toBe(first);
    decoder.takeBack(first);
    decoder.takeBack(second); // keeps the first one
    expect([first.isAlive(), second.isAlive()]).toEqual([true, false]);
    expect(await decoder.decode(image, { size: 16 })).toMatchObject({ width: 20, height: 16 });
    expect(await decoder.lend()).toBe(first);
    first.kill();
    expect(await decoder.decode(image, { size: 16 })).toMatchObject({ width: 20, height: 16 });
  });
});
