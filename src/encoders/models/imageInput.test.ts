import { describe, expect, it } from 'vitest';
import { readPreprocessor, readTimm } from './imageInput.ts';

const imagenet = { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] };
const half = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };

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
    expect(readPreprocessor(json, 'preprocessor_config.json')).toMatchObject(expected);
  });

  it('leaves out the kernel where it is bilinear, as in stored runs', () => {
    for (const json of [{}, { resample: 2 }, { resample: 0 }]) {
      expect(readPreprocessor(json, 'preprocessor_config.json')).not.toHaveProperty('kernel');
    }
  });

  it.each([
    [{ size: { height: 224, width: 192 } }, '224 x 192'],
    [{ size: -1 }, '"size"'],
    [{ image_mean: [0.5] }, '"image_mean'],
  ])('refuses %o', (json, reason) => {
    expect(() => readPreprocessor(json, 'preprocessor_config.json')).toThrow(reason);
  });
});

describe('readTimm', () => {
  it('reads size, crop and colors', () => {
    const pretrained_cfg = { input_size: [3, 224, 224], mean: [0, 0, 0], std: [1, 1, 1] };
    expect(readTimm({ pretrained_cfg: { ...pretrained_cfg, crop_pct: 0.95 } })).toMatchObject({
      ...{ size: 224, resize: 235, fit: 'crop' },
    });
    expect(readTimm({ pretrained_cfg: { ...pretrained_cfg, interpolation: 'bicubic' } })).toEqual(
      expect.objectContaining({ kernel: 'bicubic' }),
    );
    expect(readTimm({ model_type: 'vit' })).toBeUndefined();
  });
});
