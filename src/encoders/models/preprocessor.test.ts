import { describe, expect, it } from 'vitest';
import type { ImageInput } from './imageInput.ts';
import { readPreprocessor } from './preprocessor.ts';

const imagenet = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
const half = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };

const read = (json: unknown, ...told: (keyof ImageInput)[]) =>
  readPreprocessor(json, { file: 'preprocessor_config.json', told: new Set(told) });

describe('readPreprocessor', () => {
  // Keys and values as the hub's files of these models have them.
  it.each([
    [
      'DINOv2',
      {
        ...{ do_center_crop: true, crop_size: { height: 224, width: 224 } },
        ...{ size: { shortest_edge: 256 }, ...imagenet, rescale_factor: 1 / 255, resample: 3 },
      },
      { size: 224, resize: 256, fit: 'crop', kernel: 'bicubic', mean: imagenet.image_mean },
    ],
    [
      'CLIP',
      { do_center_crop: true, crop_size: 224, do_normalize: true, size: 224, ...imagenet },
      { size: 224, resize: 224, fit: 'crop' },
    ],
    [
      'SigLIP',
      { size: { height: 384, width: 384 }, ...half },
      { size: 384, resize: 384, fit: 'squash', std: half.image_std },
    ],
    ['ViT', { size: 224, ...half, resample: 2 }, { size: 224, resize: 224, fit: 'squash' }],
    ['a model of Lanczos', { size: 224, resample: 1 }, { size: 224, kernel: 'lanczos' }],
    [
      'ConvNeXt',
      { size: { shortest_edge: 224 }, crop_pct: 0.875, ...imagenet },
      { size: 224, resize: 256, fit: 'crop' },
    ],
    [
      'ConvNeXt of 384 px',
      { size: { shortest_edge: 384 }, crop_pct: 0.875, ...imagenet },
      { size: 384, resize: 384, fit: 'squash' },
    ],
    [
      'MobileViT',
      {
        ...{ do_center_crop: true, crop_size: 256, size: { shortest_edge: 288 } },
        ...{ do_normalize: false, do_flip_channel_order: true },
      },
      { size: 256, resize: 288, channels: 'bgr', mean: [0, 0, 0], std: [1, 1, 1] },
    ],
    [
      'a model that takes bytes',
      { size: 96, do_rescale: false, do_normalize: false },
      { size: 96, scale: 1 },
    ],
  ])('of %s', (_, json, expected) => {
    const { input, notes } = read(json);
    expect(input).toMatchObject(expected);
    expect(notes).toEqual([]);
  });

  // Defaults of the classes as the constructors of transformers 4.57 state them.
  it.each([
    [
      { image_processor_type: 'ViTImageProcessor' },
      { size: 224, resize: 224, fit: 'squash', mean: half.image_mean, std: half.image_std },
      'size, image_mean, image_std, resample',
    ],
    [
      { feature_extractor_type: 'CLIPFeatureExtractor', size: 224, crop_size: 224 },
      { size: 224, kernel: 'bicubic', mean: [0.48145466, 0.4578275, 0.40821073] },
      'do_center_crop, image_mean, image_std, resample',
    ],
    [
      {
        image_processor_type: 'BitImageProcessor',
        size: { shortest_edge: 256 },
        ...{ do_center_crop: true, resample: 3, ...imagenet },
      },
      { size: 224, resize: 256, fit: 'crop' },
      'crop_size',
    ],
    [
      { image_processor_type: 'ConvNextImageProcessor', size: { shortest_edge: 224 }, ...imagenet },
      { size: 224, resize: 256, fit: 'crop' },
      'crop_pct, resample',
    ],
    [
      { image_processor_type: 'MobileViTImageProcessor', size: { shortest_edge: 288 } },
      { size: 256, resize: 288, channels: 'bgr', mean: [0, 0, 0], std: [1, 1, 1] },
      'do_center_crop, crop_size, resample, do_flip_channel_order',
    ],
    [
      { image_processor_type: 'SiglipImageProcessorFast', size: { height: 96, width: 96 } },
      { size: 96, resize: 96, fit: 'squash', kernel: 'bicubic', mean: half.image_mean },
      'image_mean, image_std, resample',
    ],
  ])('takes the defaults of the class of %o, and says so', (json, expected, named) => {
    const { input, notes } = read(json);
    expect(input).toMatchObject(expected);
    expect(notes).toEqual([expect.stringMatching(`leaves out ${named}; the defaults of \\w+ are`)]);
  });

  it('leaves open what neither the file nor its class tells', () => {
    const partsOf = (json: object) => Object.keys(read(json).input).toSorted();
    const rest = ['channels', 'scale'];
    expect(partsOf({})).toEqual(rest);
    expect(partsOf({ image_processor_type: 'OwnImageProcessor' })).toEqual(rest);
    expect(partsOf({ do_normalize: false })).toEqual([...rest, 'mean', 'std'].toSorted());
    expect(partsOf({ image_std: [1, 1, 1] })).toEqual([...rest, 'std']);
    expect(partsOf({ crop_size: 224 })).toEqual([...rest, 'size']);
    expect(partsOf({ size: { shortest_edge: 256 }, do_center_crop: true })).toEqual(
      [...rest, 'fit', 'resize'].toSorted(),
    );
  });

  it('takes the crop where nothing is resized, and one number for all channels', () => {
    const json = { do_resize: false, crop_size: 64, image_mean: 0.5, image_std: 0.25 };
    expect(read(json).input).toMatchObject({
      ...{ size: 64, resize: 64, fit: 'crop' },
      ...{ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    });
  });

  it('leaves out the kernel where it is bilinear, as in stored runs', () => {
    for (const json of [{}, { resample: 2 }, { resample: 0 }]) {
      const { input } = read(json);
      expect(input).not.toHaveProperty('kernel');
    }
  });

  it.each([
    [3, 'bicubic'],
    ['bicubic', 'bicubic'],
    ['PILImageResampling.LANCZOS', 'lanczos'],
  ])('reads the kernel %o', (resample, kernel) => {
    expect(read({ resample })).toMatchObject({ input: { kernel }, notes: [] });
  });

  it.each([
    [{ resample: 0 }, 'resizing by "nearest", which likeness does not have; bilinear is'],
    [{ resample: 4 }, '"box"'],
    [{ resample: 'hamming' }, '"hamming"'],
    [{ size: 64, do_pad: true }, 'asks for do_pad, which likeness does not do'],
    [{ rescale_offset: true, include_top: true }, 'asks for rescale_offset, include_top'],
    [{ size: { shortest_edge: 800, longest_edge: 1333 } }, 'bounds the longer side by 1333'],
  ])('notes what it does not follow in %o', (json, reason) => {
    expect(read(json).notes).toEqual([expect.stringContaining(reason)]);
    expect(read(json).notes[0]).toMatch(/^preprocessor_config.json /);
  });

  it.each([
    [{ size: { height: 224, width: 192 } }, '"size" is {"height":224,"width":192}', '?size=224'],
    [{ size: -1 }, '"size" is -1; expected the side of a square', '?size='],
    [{ size: [64, 32] }, '"size" is [64,32]', '?size='],
    [{ size: '64' }, '"size" is "64"', '?size='],
    [{ size: { longest_edge: 64 } }, '"size" is {"longest_edge":64}', '?size='],
    [{ size: { max_height: 8, max_width: 8 } }, '{"max_height":8,"max_width":8}', '?size='],
    [{ crop_size: { height: 224 } }, '"crop_size" is {"height":224}', '?size='],
    [{ crop_pct: 2 }, '"crop_pct" is 2; expected a number above 0 and at most 1', '?size='],
    [{ image_mean: [0.5] }, '"image_mean" is [0.5]; expected three numbers', '?mean='],
    [{ image_std: [0, 0.5, 0.5] }, '"image_std" is [0,0.5,0.5]', '?std='],
    [{ image_std: -1 }, '"image_std" is -1; expected three numbers above 0', '?std='],
    [{ resample: 9 }, '"resample" is 9; expected a kernel of Pillow: nearest (0)', '?kernel='],
    [{ resample: 'wow' }, '"resample" is "wow"', '?kernel='],
    [{ rescale_factor: 'x' }, '"rescale_factor" is "x"; expected a number above 0', '?scale='],
    [{ do_normalize: 1 }, '"do_normalize" is 1; expected true or false', '?mean='],
    [{ do_flip_channel_order: 'yes' }, '"do_flip_channel_order" is "yes"', '?channels='],
  ])('refuses %o, and takes it where the name tells the same', (json, reason, example) => {
    expect(() => read(json)).toThrow(reason);
    expect(() => read(json)).toThrow(`such as "${example}`);
    const told = [...example.matchAll(/[?&](\w+)/g)].map(([, part]) => part as keyof ImageInput);
    const parts = told.includes('mean') ? ([...told, 'std'] as const) : told;
    expect(read(json, ...parts).notes).toEqual([]);
  });

  it('says nothing of values that the name of the model replaces', () => {
    expect(read({ resample: 0 }, 'kernel').notes).toEqual([]);
    const json = { image_processor_type: 'ViTImageProcessor', size: 32, resample: 2 };
    expect(read(json, 'mean', 'std').notes).toEqual([]);
  });

  it.each([[[]], [null], ['text']])('asks to restore a file that is %o', (json) => {
    expect(() => read(json)).toThrow(/the file is .*; expected an object. Restore the file/);
  });
});
