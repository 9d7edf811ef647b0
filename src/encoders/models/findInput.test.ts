import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openModelFile } from './modelFile.ts';
import { type TinyModelOptions, tinyModel } from './tinyModel.cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-inputs-'));
afterAll(() => rmSync(folder, { recursive: true }));

let written = 0;
/** Path of a new folder with a model and a preprocessor_config.json. */
function described(json: object, model: TinyModelOptions = {}): string {
  const own = join(folder, String(written++));
  mkdirSync(own);
  writeFileSync(join(own, 'model.onnx'), tinyModel(model));
  writeFileSync(join(own, 'preprocessor_config.json'), JSON.stringify(json));
  return own;
}

const whole = {
  ...{ size: { shortest_edge: 36 }, do_center_crop: true, crop_size: 32, resample: 2 },
  ...{ image_mean: [0.5, 0.5, 0.5], image_std: [0.25, 0.25, 0.25] },
};
const input = {
  ...{ size: 32, resize: 36, fit: 'crop', channels: 'rgb', scale: 1 / 255 },
  ...{ mean: whole.image_mean, std: whole.image_std },
};

describe('a preprocessor_config.json that leaves something out', () => {
  it.each([
    ['size', 'resize', '?resize=36'],
    ['crop_size', 'size', '?size=32&resize=36'],
    ['image_mean', 'mean', '?mean=0.5,0.5,0.5'],
    ['image_std', 'std', '?std=0.25,0.25,0.25'],
  ] as const)('is asked for %s, which the name may give', async (key, part, suffix) => {
    const path = described({ ...whole, [key]: undefined });
    const opening = openModelFile(path);
    await expect(opening).rejects.toMatchObject({ code: 'encoder.preprocessor' });
    await expect(opening).rejects.toThrow(
      new RegExp(
        `preprocessor_config.json without "${key}"; expected .* behind the name .*${part}=`,
      ),
    );
    const { settings, notes } = await openModelFile(path + suffix);
    expect(settings.input).toEqual(input);
    expect(notes).toHaveLength(1);
  });

  it('is asked for the size where it has no side at all', async () => {
    const path = described({ ...whole, size: undefined, crop_size: undefined });
    await expect(openModelFile(path)).rejects.toThrow('without "size"');
    const { settings } = await openModelFile(`${path}?size=32`);
    expect(settings.input).toMatchObject({ size: 32, resize: 32, fit: 'crop' });
  });

  it('has RGB, fractions and bilinear resizing, as its format documents', async () => {
    const { resample: _, ...rest } = whole;
    const { settings, notes } = await openModelFile(described(rest));
    expect(settings.input).toEqual(input);
    expect(notes).toHaveLength(1);
  });

  it('is completed by a model that is fixed to a size and normalizes colors', async () => {
    const { image_mean: _, image_std: __, crop_size: ___, ...rest } = whole;
    const path = described(rest, { size: 32, scale: 'divided' });
    const { settings } = await openModelFile(path);
    expect(settings.input).toEqual({ ...input, scale: 1, mean: [0, 0, 0], std: [1, 1, 1] });
  });

  it('is completed by the defaults of its class, and a note says so', async () => {
    const path = described({ image_processor_type: 'ViTImageProcessor', size: 32 });
    const { settings, notes } = await openModelFile(path);
    expect(settings.input).toMatchObject({ size: 32, fit: 'squash', mean: [0.5, 0.5, 0.5] });
    expect(notes[1]).toMatch(
      /preprocessor_config.json leaves out image_mean, image_std, resample; the defaults of ViTImageProcessor are taken.$/,
    );
  });
});

describe('a preprocessor_config.json with values that cannot be', () => {
  it.each([
    [{ image_std: [0, 0.25, 0.25] }, '?std=0.25,0.25,0.25'],
    [{ size: { longest_edge: 32 } }, '?size=32&resize=36'],
    [{ resample: 9 }, '?kernel=bilinear'],
  ])('is refused for %o, unless the name gives another', async (keys, suffix) => {
    const path = described({ ...whole, ...keys });
    await expect(openModelFile(path)).rejects.toMatchObject({ code: 'encoder.preprocessor' });
    const { settings, notes } = await openModelFile(path + suffix);
    expect(settings.input).toMatchObject(input);
    expect(notes).toHaveLength(1);
  });
});

describe('a preprocessor_config.json with unusual values', () => {
  it('that states another size than the model is fixed to has the size of the model', async () => {
    const path = described({ ...whole, crop_size: 64, size: { shortest_edge: 72 } }, { size: 32 });
    const { settings, notes } = await openModelFile(path);
    expect(settings.input).toEqual(input);
    expect(notes[1]).toMatch(/_config.json states images of 64 px; they are made 32 px, to which/);
    expect((await openModelFile(`${path}?size=32&resize=36`)).notes).toHaveLength(1);
  });

  it.each([
    [{ image_mean: 123.7 }, 'The mean 123.7, 123.7, 123.7 is unusual for colors from 0 to 1', 1],
    [{ do_rescale: false }, 'The mean 0.5, 0.5, 0.5 is unusual for colors from 0 to 255', 1 / 255],
  ])('notes a mean on another scale: %o', async (keys, reason, scale) => {
    const path = described({ ...whole, ...keys });
    const { notes } = await openModelFile(path);
    expect(notes[1]).toContain(reason);
    expect((await openModelFile(`${path}?scale=${scale}`)).notes).toHaveLength(1);
  });
});
