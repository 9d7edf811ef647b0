/** A pretrained model as the encoder of a run, and everything that is done with it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, writeTextures } from '../../test/likeness.cases.ts';
import { tinyModel } from '../encoders/models/tinyModel.cases.ts';
import { inspect, type Model, openEncoder, openModel, readReport, start } from '../likeness.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const IMAGES = 24;

beforeAll(async () => {
  process.env.LIKENESS_CACHE = at('cache');
  await writeTextures(at('pictures'), IMAGES);
  writeFileSync(at('tiny.onnx'), tinyModel({ size: 32 }));
  writeFileSync(at('other.onnx'), tinyModel({ size: 32, scale: 'fractions' }));
});
afterAll(() => {
  delete process.env.LIKENESS_CACHE;
  workplace.remove();
});

describe('start with a pretrained model', () => {
  let model: Model;
  const notes: string[] = [];
  beforeAll(async () => {
    model = await start(at('pictures'), {
      ...{ encoder: at('tiny.onnx'), out: at('run') },
      onNote: ({ code, message }) => code === 'start.model' && notes.push(message),
    });
  });

  it('makes a run of it, and says what was found and assumed', async () => {
    expect(model).toMatchObject({ kind: 'features', method: 'model', step: 0 });
    expect(notes[0]).toBe('tiny: images of 32 px, 8 features from output "out"');
    expect(notes[1]).toContain('ImageNet');
    const config = JSON.parse(readFileSync(at('run', 'config.json'), 'utf8'));
    expect(config).toMatchObject({ kind: 'features', imageSize: 32, notes });
    expect(await inspect(at('run'))).toMatchObject({
      facts: { model: 'tiny', images: 'shorter side to 32 px, central square of 32 px' },
    });
  });

  it('opens the run again without the file, and refuses another model', async () => {
    const again = await openModel(at('run'));
    const [a, b] = [await model.embed(at('pictures')), await again.embed(at('pictures'))];
    expect(b.data).toEqual(a.data);
    expect([a.dimension, a.ids.length]).toEqual([8, IMAGES]);
    await start(at('pictures'), { encoder: at('tiny.onnx'), out: at('run') });
    await expect(
      start(at('pictures'), { encoder: at('other.onnx'), out: at('run') }),
    ).rejects.toMatchObject({ code: 'start.differs' });
    await expect(
      start(at('pictures'), { encoder: at('missing.onnx'), out: at('other') }),
    ).rejects.toMatchObject({ code: 'option.invalid' });
  });

  it('clusters, and assigns files to the same clusters', async () => {
    const clustering = await model.cluster(at('pictures'), { k: 3 });
    expect(clustering.by).toBe('smoothed-kmeans');
    const files = readdirSync(at('pictures')).map((name) => at('pictures', name));
    const given = new Map(clustering.images.map((id, i) => [id, clustering.assignments[i]]));
    for (const { path, cluster } of await model.assign(files)) {
      expect(cluster).toBe(given.get(path.split('/').at(-1)!));
    }
    await clustering.writeReport();
    const { settings, method } = await readReport(at('run'));
    expect(method).toBe('tiny');
    expect(settings.map(({ name }) => name)).toContain('Output');
  });

  it('is exported, with the same features', async () => {
    const { file, check } = await model.exportOnnx();
    expect(check.largestDifference).toBeLessThan(1e-5);
    await using encoder = await openEncoder(file);
    const [raw, exported] = [
      await model.embed(at('pictures')),
      await encoder.embed(at('pictures')),
    ];
    exported.data.forEach((value, i) => {
      expect(value).toBeCloseTo(raw.data[i]!, 4);
    });
  });
});
