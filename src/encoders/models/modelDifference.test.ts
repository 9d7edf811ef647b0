import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelDifference } from './modelDifference.ts';
import { openModelFile } from './modelFile.ts';
import type { ModelSettings } from './onnxModel.ts';
import { tinyModel, withExternalWeights } from './tinyModel.cases.ts';

let folder: string;
let stored: ModelSettings;
const described = { size: 32, image_mean: 0.5, image_std: 0.25, resample: 2 };
const at = (...path: string[]) => join(folder, ...path);
const describeAs = (json: object, place = 'm') =>
  writeFileSync(at(place, 'preprocessor_config.json'), JSON.stringify(json));
const external = (scale: 'none' | 'fractions') =>
  withExternalWeights(tinyModel({ scale }), 'model.onnx_data');
const differenceFrom = async (name: string) => modelDifference(stored, await openModelFile(name));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'likeness-difference-'));
  mkdirSync(at('m'));
  const { model, weights } = external('none');
  writeFileSync(at('m', 'model.onnx'), model);
  writeFileSync(at('m', 'model.onnx_data'), weights);
  describeAs(described);
  stored = (await openModelFile(at('m'))).settings;
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a model beside the one that a run was started with', () => {
  it('has the hash of every file that was read', () => {
    expect(stored.files?.map(({ file }) => file)).toEqual([
      ...['model.onnx', 'model.onnx_data', 'preprocessor_config.json'],
    ]);
    for (const { sha256 } of stored.files!) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is the same in another folder, with another layout of its description', async () => {
    cpSync(at('m'), at('moved'), { recursive: true });
    writeFileSync(at('moved', 'preprocessor_config.json'), JSON.stringify(described, null, 2));
    expect(await differenceFrom(at('moved'))).toBeUndefined();
    expect(await differenceFrom(`${at('m')}?size=32`)).toBeUndefined();
  });

  it('differs by its weights, which are named', async () => {
    const { weights } = external('none');
    weights[100]! ^= 1;
    writeFileSync(at('m', 'model.onnx_data'), weights);
    expect(await differenceFrom(at('m'))).toEqual({
      received: expect.stringMatching(/m\/model.onnx_data with SHA-256 [0-9a-f]{12}…$/),
      expected: expect.stringMatching(/^the file with SHA-256 [0-9a-f]{12}…$/),
    });
  });

  it('differs by a description that has changed, is gone, or is new', async () => {
    describeAs({ ...described, image_mean: 0.25 });
    expect((await differenceFrom(at('m')))?.received).toMatch(/preprocessor_config.json with SHA/);
    rmSync(at('m', 'preprocessor_config.json'));
    expect((await differenceFrom(`${at('m')}?size=32`))?.received).toMatch(/^no .*preprocessor/);
    stored = (await openModelFile(`${at('m')}?size=32`)).settings;
    describeAs(described);
    expect(await differenceFrom(at('m'))).toEqual({
      received: expect.stringContaining('preprocessor_config.json with SHA-256'),
      expected: 'no such file',
    });
  });

  it('differs by another file, and by parts behind its name', async () => {
    writeFileSync(at('other.onnx'), tinyModel({ size: 32, scale: 'fractions' }));
    expect(await differenceFrom(at('other.onnx'))).toEqual({
      received: expect.stringMatching(/other.onnx with SHA-256/),
      expected: expect.stringMatching(/^the model m with SHA-256/),
    });
    expect(await differenceFrom(`${at('m')}?size=64&channels=bgr`)).toEqual({
      received: 'size 64, channels bgr',
      expected: 'size 32, channels rgb',
    });
  });
});
