import { describe, expect, it } from 'vitest';
import { readTimm } from './timmConfig.ts';

const whole = {
  ...{ input_size: [3, 224, 224], mean: [0, 0, 0], std: [1, 1, 1] },
  ...{ crop_pct: 0.95, crop_mode: 'center', interpolation: 'bilinear' },
};
const read = (pretrained_cfg: object) => readTimm({ pretrained_cfg }, 'config.json');

describe('readTimm', () => {
  it('reads size, crop, kernel and colors', () => {
    expect(read(whole)).toEqual({
      file: 'config.json',
      input: {
        ...{ size: 224, resize: 235, fit: 'crop', channels: 'rgb', scale: 1 / 255 },
        ...{ mean: [0, 0, 0], std: [1, 1, 1] },
      },
      keys: {},
      notes: [],
    });
    expect(read({ ...whole, interpolation: 'bicubic' })?.input.kernel).toBe('bicubic');
    expect(read({ ...whole, crop_mode: 'squash' })?.input.fit).toBe('squash');
    expect(readTimm({ model_type: 'vit' }, 'config.json')).toBeUndefined();
  });

  // Defaults of resolve_data_config of timm 1.0.
  it.each([
    ['input_size', { size: 224 }],
    ['mean', { mean: [0.485, 0.456, 0.406] }],
    ['std', { std: [0.229, 0.224, 0.225] }],
    ['interpolation', { kernel: 'bicubic' }],
    ['crop_pct', { resize: 256 }],
    ['crop_mode', { fit: 'crop' }],
  ])('takes the default of a missing %s, and says so', (name, expected) => {
    const found = read({ ...whole, [name]: undefined });
    expect(found?.input).toMatchObject(expected);
    expect(found?.notes).toEqual([
      `config.json leaves out ${name}; the defaults of timm are taken.`,
    ]);
  });

  it.each([
    [{ input_size: [3, 224, 192] }, 'input_size is 224 x 192; expected a square'],
    [{ crop_mode: 'border' }, 'crop_mode is "border"; expected "center" or "squash"'],
    [{ mean: [0.5] }, '"pretrained_cfg.mean'],
  ])('refuses %o', (part, reason) => {
    expect(() => read({ ...whole, ...part })).toThrow(reason);
  });
});
