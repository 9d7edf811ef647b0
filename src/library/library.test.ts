/** Tests of the facade that need no training: options, errors, sources and files. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type CompareOptions,
  compare,
  inspect,
  LikenessError,
  openEncoder,
  openImages,
  openModel,
  samplePath,
  type TrainOptions,
  train,
  tune,
  writeContactSheet,
} from '../likeness.ts';

const place = mkdtempSync(join(tmpdir(), 'likeness-library-'));
const at = (...names: string[]) => join(place, ...names);
afterAll(() => rmSync(place, { recursive: true, force: true }));

async function refusal(promise: Promise<unknown>): Promise<[code: string, message: string]> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LikenessError);
  return [(error as LikenessError).code, (error as LikenessError).message];
}

describe('options of train', () => {
  it.each<[object, string, RegExp]>([
    [
      { epoch: 3 },
      'option.unknown',
      /^epoch: received an unknown option; expected method, encoder, .*epochs/,
    ],
    [
      { epochs: 0 },
      'option.invalid',
      /^epochs: received 0; expected a whole number of at least 1$/,
    ],
    [
      { minutes: '3' },
      'option.invalid',
      /^minutes: received "3"; expected a number above 0 and of at most 527,040$/,
    ],
    [{ method: 'swaw' }, 'method.unknown', /^method: received "swaw"; expected one of swav, /],
    [{ onEvent: 'log' }, 'option.invalid', /^onEvent: received "log"; expected a function$/],
    [{ signal: true }, 'option.invalid', /^signal: received true; expected an AbortSignal$/],
    [{ snapshots: [2] }, 'option.invalid', /^snapshots: received \[2\]/],
    [{ epochs: 1, minutes: 1 }, 'option.conflict', /^epochs and minutes: received both/],
    [{ resume: true }, 'option.missing', /^resume: expected `out`/],
    [{ settings: { data: { bachSize: 8 } } }, 'settings.invalid', /did you mean "batchSize"/],
    [{ settings: { bachSize: 8 } }, 'settings.invalid', /did you mean "data.batchSize"/],
  ])('%j are refused', async (options, code, message) => {
    // A checkout where "npm start" ran has runs of its own.
    const runs = () => (existsSync('runs') ? readdirSync('runs') : []);
    const before = runs();
    const found = await refusal(train(samplePath, options as TrainOptions));
    expect(found).toEqual([code, expect.stringMatching(message)]);
    expect(runs()).toEqual(before);
  });
});

describe('other functions', () => {
  it('refuse misspelt options and missing files', async () => {
    expect(await refusal(openImages(at('none')))).toEqual(['source.missing', expect.any(String)]);
    expect((await refusal(openModel(at('none'))))[0]).toBe('run.missing');
    expect((await refusal(openEncoder(at('none.onnx'))))[0]).toBe('encoder.file');
    expect((await refusal(inspect(at('none'))))[0]).toBe('path.missing');
    expect((await refusal(tune({ presets: 'x' } as object)))[0]).toBe('option.unknown');
    const methods = ['swav', 'swaw'] as CompareOptions['methods'];
    expect((await refusal(compare(samplePath, { methods, epochs: 1 })))[1]).toMatch(
      /^methods: received/,
    );
  });

  it('open and inspect a source', async () => {
    await using images = await openImages(samplePath, { cacheDir: at('cache') });
    expect([images.name, images.count, images.labelNames?.length]).toEqual(['sample', 5000, 10]);
    expect(existsSync(at('cache'))).toBe(false);
    expect(await inspect(samplePath)).toMatchObject({
      kind: 'source',
      images: 5000,
      train: 4000,
      test: 1000,
    });
  });

  it('decode once per size, with progress', async () => {
    const texts: string[] = [];
    const onProgress = ({ stage, text }: { stage: string; text: string }) =>
      texts.push(`${stage} ${text}`);
    await using images = await openImages(samplePath, { cacheDir: at('cache'), onProgress });
    const cache = await images.pixels({ size: 16 });
    expect(cache.count).toBe(5000);
    expect(texts.at(-1)).toBe('decode decoding 5,000 of 5,000 images');
    const seen = texts.length;
    expect(await images.pixels({ size: 16 })).toBe(cache);
    expect(texts).toHaveLength(seen);
  });

  it('write a contact sheet, and refuse a file that is no image', async () => {
    const image = at('image.png');
    await sharp({ create: { width: 40, height: 30, channels: 3, background: 'teal' } }).toFile(
      image,
    );
    const sheet = await writeContactSheet(image, {
      out: at('views.png'),
      preset: 'small-32',
      seed: 2,
    });
    expect(sheet).toMatchObject({ file: at('views.png'), views: 'preset small-32', seed: 2 });
    expect((await sharp(sheet.file).metadata()).format).toBe('png');
    writeFileSync(at('text.png'), 'text');
    expect((await refusal(writeContactSheet(at('text.png'))))[0]).toMatch(/^image\./);
    const both = { run: at('run'), preset: 'small-32' };
    expect((await refusal(writeContactSheet(image, both)))[1]).toMatch(
      /^run and preset: received both/,
    );
  });
});
