import { describe, expect, it } from 'vitest';
import type { ImageInput } from './imageInput.ts';
import { readTimm } from './timmConfig.ts';

const whole = {
  ...{ input_size: [3, 224, 224], mean: [0, 0, 0], std: [1, 1, 1] },
  ...{ crop_pct: 0.95, crop_mode: 'center', interpolation: 'bilinear' },
};
const read = (pretrained_cfg: unknown, ...told: (keyof ImageInput)[]) =>
  readTimm({ pretrained_cfg }, { file: 'config.json', told: new Set(told) });

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
    const about = { file: 'config.json', told: new Set<never>() };
    expect(readTimm({ model_type: 'vit' }, about)).toBeUndefined();
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
    [{ input_size: [3, 224, 192] }, 'input_size" is [3,224,192]; expected channels', 'size'],
    [{ crop_mode: 'border' }, 'crop_mode" is "border"; expected "center" or "squash"', 'fit'],
    [{ mean: [0.5] }, '"pretrained_cfg.mean" is [0.5]; expected three numbers', 'mean'],
    [{ std: [0, 1, 1] }, 'std" is [0,1,1]; expected three numbers above 0', 'std'],
    [{ interpolation: 'wow' }, 'interpolation" is "wow"; expected a kernel of Pillow', 'kernel'],
    [{ crop_pct: -1 }, 'crop_pct" is -1; expected a number above 0', 'size'],
  ] as const)('refuses %o, and takes it where the name tells the same', (keys, reason, part) => {
    expect(() => read({ ...whole, ...keys })).toThrow(reason);
    expect(() => read({ ...whole, ...keys })).toThrow(`"?${part}=`);
    expect(read({ ...whole, ...keys }, part)?.notes).toEqual([]);
  });

  it('asks to restore a description that is no object', () => {
    expect(() => read(3)).toThrow('"pretrained_cfg" is 3; expected an object. Restore the file');
  });

  it.each(['nearest', 'box', 'random'])('says that resizing by %s is bilinear', (interpolation) => {
    const found = read({ ...whole, interpolation });
    expect(found?.input).not.toHaveProperty('kernel');
    expect(found?.notes).toEqual([
      `config.json asks for resizing by "${interpolation}", which likeness does not have; ` +
        'bilinear is taken.',
    ]);
    expect(read({ ...whole, interpolation }, 'kernel')?.notes).toEqual([]);
  });
});
