/** Commands for the next steps that errors of the library name. */
import { describe, expect, it } from 'vitest';
import { commandOfCall, pathsOf } from './nextCommand.ts';

describe('the next command', () => {
  it('has the paths that were given', () => {
    const paths = { source: 'my photos', run: 'runs/a' };
    expect(commandOfCall('model.cluster(images)', paths)).toBe(
      `"likeness cluster 'my photos' --run runs/a"`,
    );
    expect(commandOfCall('train(images, { out, resume: true })', paths)).toBe(
      `"likeness train 'my photos' --out runs/a --resume"`,
    );
  });

  it('names the places of others', () => {
    expect(commandOfCall('model.exportOnnx(file)')).toBe(
      '"likeness export --run <run> --to encoder.onnx"',
    );
    expect(commandOfCall('settingNames()')).toBe('"likeness train --help"');
    expect(commandOfCall('toString')).toBeUndefined();
  });

  it('takes paths from a command line', () => {
    const argument = (name: string) => ({ arguments: [{ name, description: '' }] });
    expect(pathsOf(argument('source'), ['photos'], { run: 'runs/a', out: 'b' })).toEqual({
      ...{ source: 'photos', run: 'runs/a' },
    });
    expect(pathsOf(argument('source'), ['photos'], { out: 'b' })).toEqual({
      source: 'photos',
      run: 'b',
    });
    expect(pathsOf(argument('image'), ['cat.jpg'], {})).toEqual({});
  });
});
