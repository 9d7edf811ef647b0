/** Patch features joined with a network by `start`: the whole road, stopped and continued. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, textureKinds, writeTextures } from '../../test/likeness.cases.ts';
import { weightOf } from '../encoders/index.ts';
import {
  type Model,
  openEncoder,
  openImages,
  openModel,
  type ReporterOptions,
  start,
  train,
} from '../likeness.ts';
import { joinedSpec } from './joinNetwork.ts';
import { fewFilters, makeTinyRun, stoppedAt } from './tinyPatches.cases.ts';

const workplace = openWorkplace();
const at = (...names: string[]) => join(workplace.path, ...names);
const IMAGES = 48;

/** Starts a run that joins, of few filters, as `start` makes it by itself or as it is asked to. */
async function startJoin(
  out: string,
  { minutes, isChecked, ...options }: { minutes: number; isChecked: boolean } & ReporterOptions,
): Promise<void> {
  await using images = await openImages(at('pictures'));
  const encoder = joinedSpec({ minutes, isChecked, patches: fewFilters as never });
  await makeTinyRun(images, out, { encoder, ...options });
}

const configOf = (run: string) => JSON.parse(readFileSync(join(run, 'config.json'), 'utf8'));

beforeAll(async () => {
  process.env.LIKENESS_CACHE = at('cache');
  await writeTextures(at('pictures'), IMAGES, textureKinds);
});
afterAll(() => {
  delete process.env.LIKENESS_CACHE;
  workplace.remove();
});

describe('a run of patch features and a network', () => {
  let model: Model;
  const run = () => at('run');

  it('is stopped in training with everything saved, and continued by the same call', async () => {
    const warnings: string[] = [];
    const stopped = startJoin(run(), {
      ...{ minutes: 0.3, isChecked: false, ...stoppedAt('train') },
      onWarning: ({ message }) => void warnings.push(message),
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(warnings.at(-1)).toContain('stopped, with the training saved');
    expect(existsSync(join(run(), 'encoder.safetensors'))).toBe(false);
    expect(existsSync(join(run(), 'network', 'config.json'))).toBe(true);
    await expect(openModel(run())).rejects.toThrow('was stopped before its encoder was learned');
    model = await start(at('pictures'), { out: run(), minutes: 0.3 });
    expect(model).toMatchObject({ kind: 'features', method: 'joined', run: run() });
    const { encoder } = configOf(run());
    const { step, epochs, retrieval } = encoder.settings.network;
    expect(step).toBeGreaterThan(0);
    expect(epochs).toBeGreaterThan(0);
    expect(retrieval.patches).toBeGreaterThan(0);
    // A network that saw so few images has the smallest weight.
    expect(encoder.settings.weight).toBe(weightOf(epochs * IMAGES));
    await expect(model.evaluate(at('pictures'), { fineTune: true })).rejects.toMatchObject({
      code: 'evaluate.fineTune',
    });
    const network = await openModel(join(run(), 'network'));
    expect(network).toMatchObject({ kind: 'trained', method: 'simclr', step });
  });

  it('has the same bytes again where it was killed before it was joined', async () => {
    const file = join(run(), 'encoder.safetensors');
    const before = readFileSync(file);
    const config = configOf(run());
    rmSync(file);
    await start(at('pictures'), { out: run() });
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(configOf(run())).toEqual(config);
  });

  it('opens as it is once it is finished, and refuses another road', async () => {
    const notes: string[] = [];
    const onNote = ({ message }: { message: string }) => void notes.push(message);
    await start(at('pictures'), { out: run(), encoder: 'joined', onNote });
    expect(notes).toContain('the encoder is learned already');
    await expect(start(at('pictures'), { out: run(), encoder: 'patches' })).rejects.toThrow(
      'which was started with joined',
    );
  });

  it('is evaluated beside patch features and the other baselines', async () => {
    const scores = await model.evaluate(at('pictures'));
    expect(scores!.encoder).toEqual({ id: 'joined', title: 'joined features' });
    const { patches, rawPixels, untrained } = scores!.baselines;
    for (const baseline of [patches, rawPixels, untrained])
      expect(baseline?.knn?.accuracy).toBeGreaterThan(0);
  });

  it('is clustered, assigns the same files to the same clusters, and has a report', async () => {
    await using groups = await model.cluster(at('pictures'), { k: 3 });
    const page = readFileSync(await groups.writeReport(), 'utf8');
    expect(page).toContain('joined features, 32 px');
    expect(page).toMatch(/simclr, \d+(\.\d)? epochs/);
    const files = groups.images.map((id) => at('pictures', id));
    const again = await (await openModel(run())).assign(files);
    expect(again.map(({ cluster }) => cluster)).toEqual([...groups.assignments]);
  });

  it('is exported as one ONNX file with clusters, whose features are its own', async () => {
    const { file, check, clusters } = await model.exportOnnx(at('joined.onnx'));
    expect(check.largestDifference).toBeLessThan(1e-4);
    expect(clusters?.k).toBe(3);
    await using encoder = await openEncoder(file);
    const own = await model.embed(at('pictures'));
    const found = await encoder.embed(at('pictures'));
    expect(found.dimension).toBe(own.dimension);
    for (let i = 0; i < own.data.length; i++) expect(found.data[i]).toBeCloseTo(own.data[i]!, 3);
  });

  it('names both parts on the card of a folder for the hub', async () => {
    await model.exportHub(at('hub'));
    const card = readFileSync(at('hub', 'README.md'), 'utf8');
    expect(card).toMatch(
      /joins a dictionary of whitened patches and a network, trained by [\d,]+ steps? of simclr, of 48/,
    );
  });
});

describe('a finished run of patch features and a network', () => {
  const run = () => at('run');
  const weights = () => readFileSync(join(run(), 'encoder.safetensors'));

  it('stays as it is where a longer training is stopped', async () => {
    const before = weights();
    const stopped = start(at('pictures'), { out: run(), minutes: 0.45, ...stoppedAt('train') });
    await expect(stopped).rejects.toThrow('enough');
    expect(weights().equals(before)).toBe(true);
    expect(configOf(run()).encoder.settings.minutes).toBe(0.3);
    expect(await (await openModel(run())).assign([at('pictures')])).toHaveLength(IMAGES);
  });

  it('is trained longer by the same call with more minutes, and joined anew', async () => {
    const before = weights();
    const { step, epochs } = configOf(run()).encoder.settings.network;
    const notes: string[] = [];
    const onNote = ({ message }: { message: string }) => void notes.push(message);
    const model = await start(at('pictures'), { out: run(), minutes: 0.45, onNote });
    expect(notes).toContain('The network is trained 0.15 minutes longer than before.');
    expect(weights().equals(before)).toBe(false);
    const { encoder } = configOf(run());
    expect(encoder.settings).toMatchObject({ minutes: 0.45, network: { isLonger: true } });
    expect(encoder.settings.network.step).toBeGreaterThan(step);
    expect(encoder.settings.network.epochs).toBeGreaterThan(epochs);
    // Its clusters are those of the features of before.
    await expect(model.assign([at('pictures')])).rejects.toMatchObject({
      code: 'clustering.stale',
    });
    await using groups = await model.cluster(at('pictures'), { k: 3 });
    expect(await model.assign([at('pictures')])).toHaveLength(groups.images.length);
  });

  it('is the same again where it was killed before it was joined', async () => {
    const [before, config] = [weights(), configOf(run())];
    rmSync(join(run(), 'encoder.safetensors'));
    await start(at('pictures'), { out: run() });
    expect(weights().equals(before)).toBe(true);
    expect(configOf(run())).toEqual(config);
  });

  it('opens as it is by the same call again', async () => {
    const before = weights();
    const notes: string[] = [];
    const onNote = ({ message }: { message: string }) => void notes.push(message);
    await start(at('pictures'), { out: run(), minutes: 0.45, onNote });
    expect(notes).toContain('the encoder is learned already');
    expect(weights().equals(before)).toBe(true);
  });
});

describe('a run that start would join by itself', () => {
  it('becomes one of patch features where no time is left', async () => {
    const out = at('late');
    const notes: string[] = [];
    const onNote = ({ message }: { message: string }) => void notes.push(message);
    await startJoin(out, { minutes: 0.01, isChecked: true, onNote });
    expect(notes.at(-1)).toContain('No time is left');
    const { encoder, notes: stored } = configOf(out);
    expect([encoder.name, encoder.settings.colorFilters]).toEqual(['patches', 8]);
    expect(stored).toEqual(['As a test.', notes.at(-1)]);
    expect(existsSync(join(out, 'network'))).toBe(false);
    expect(await openModel(out)).toMatchObject({ method: 'patches' });
  });

  it('becomes one of patch features where the network saw too few images', async () => {
    const out = at('few');
    const stopped = startJoin(out, { minutes: 5, isChecked: true, ...stoppedAt('learn') });
    await expect(stopped).rejects.toThrow('enough');
    await train(at('pictures'), { out: join(out, 'network'), epochs: 2 });
    const notes: string[] = [];
    const onNote = ({ message }: { message: string }) => void notes.push(message);
    const model = await start(at('pictures'), { out, onNote });
    expect(model.method).toBe('patches');
    expect(notes.at(-1)).toMatch(/saw each image 2\.0 times/);
  });
});
