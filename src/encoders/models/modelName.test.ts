import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openModelFile } from './modelFile.ts';
import { isAsNamed, parseModelName } from './modelName.ts';
import { tinyModel } from './tinyModel.cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'likeness-names-'));
const file = join(folder, 'tiny.onnx');
writeFileSync(file, tinyModel({ output: 'mean' }));
afterAll(() => rmSync(folder, { recursive: true }));

describe('parts behind the name of a model', () => {
  it('are read for files and ids of the hub', () => {
    expect(parseModelName('m.onnx')).toEqual({ path: 'm.onnx', suffix: '', input: {} });
    expect(
      parseModelName('hub:a/b#onnx/m.onnx?output=tokens&size=96&kernel=bicubic&mean=0,0.5,1'),
    ).toEqual({
      ...{ path: 'hub:a/b#onnx/m.onnx', output: 'tokens' },
      suffix: '?output=tokens&size=96&kernel=bicubic&mean=0,0.5,1',
      input: { size: 96, kernel: 'bicubic', mean: [0, 0.5, 1] },
    });
  });

  it('belong to the name where a file has it', () => {
    const odd = join(folder, 'a?size=3.onnx');
    writeFileSync(odd, 'x');
    expect(parseModelName(odd)).toEqual({ path: odd, suffix: '', input: {} });
  });

  it.each([
    [
      '?sice=96',
      'expected parts named size, resize, fit, kernel, channels, scale, mean, std, output',
    ],
    ['?size=big', 'expected another value of size'],
    ['?size=', 'expected another value of size'],
    ['?size=0', 'expected another value of size'],
    ['?mean=1,2', 'expected another value of mean'],
    ['?std=0,1,1', 'expected another value of std'],
    ['?fit=stretch', 'expected another value of fit'],
  ])('are refused: %s', (suffix, reason) => {
    expect(() => parseModelName(`m.onnx${suffix}`)).toThrow(reason);
  });

  it('decide how the model is opened', async () => {
    const name = `${file}?size=32&resize=40&fit=squash&channels=bgr&std=0.5,0.5,0.5&output=out`;
    const { settings, notes } = await openModelFile(name);
    expect(settings).toMatchObject({
      ...{ model: 'tiny', output: { name: 'out', pooling: 'mean' } },
      input: { size: 32, resize: 40, fit: 'squash', channels: 'bgr', std: [0.5, 0.5, 0.5] },
    });
    expect(notes).toHaveLength(1);
    await expect(openModelFile(`${file}?size=32&output=none`)).rejects.toThrow('expected one of');
    expect(isAsNamed(parseModelName(name), settings)).toBe(true);
    expect(isAsNamed(parseModelName(`${file}?size=32`), settings)).toBe(true);
    expect(isAsNamed(parseModelName(`${file}?size=64`), settings)).toBe(false);
    expect(isAsNamed(parseModelName(`${file}?output=other`), settings)).toBe(false);
  });
});
