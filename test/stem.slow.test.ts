/** First filters learned from patches: trained or frozen, in every kind of stem, and resumed. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeSafetensors } from '../src/formats/index.ts';
import { writeTextures } from './likeness.cases.ts';
import { runHere } from './runHere.cases.ts';
import { expectSuccess, openTrainings, training } from './train.cases.ts';

const { at, checkpointsOf, finalOf, lossesOf, untilCheckpoints, workplace } = openTrainings();

beforeAll(() => writeTextures(at('pictures'), 96));

const tensorsIn = (file: string) => decodeSafetensors(readFileSync(file), file).tensors;
const stemOf = (out: string, name = 'conv1.weight') =>
  tensorsIn(at(out, 'stem.safetensors'))[name]!;
const last = (out: string) => tensorsIn(at(out, 'checkpoints', checkpointsOf(out).at(-1)!));
const short = { maxSteps: 3, checkpointSeconds: 60 };

describe('a run with first filters from patches', { timeout: 400_000 }, () => {
  it('keeps frozen filters to its end, also in the momentum encoder', async () => {
    const more = { ...short, stemStart: 'patches-frozen', method: 'moco', queueLength: 32 };
    expectSuccess(
      await runHere(workplace, ...training('frozen', { ...more, prototypes: undefined })),
    );
    const { data, shape } = stemOf('frozen');
    expect(shape).toEqual([4, 3, 3, 3]);
    const end = last('frozen');
    for (const name of ['conv1.weight', 'key.conv1.weight']) expect(end[name]!.data).toEqual(data);
    expect(end['bn1.weight']!.data).not.toEqual(Float32Array.of(1, 1, 1, 1));
    expect(
      Object.keys(end).filter(
        (name) => name.includes('conv1.weight') && name.includes('layer') === false,
      ),
    ).toHaveLength(2);
  });

  it.each([
    ['cifar', 'resnet10', 'conv1.weight', [4, 3, 3, 3]],
    ['small', 'resnet10', 'conv1.weight', [4, 3, 3, 3]],
    ['imagenet', 'resnet10', 'conv1.weight', [4, 3, 7, 7]],
    ['cifar', 'vgg16-bn', 'features.0.weight', [4, 3, 3, 3]],
  ])('changes filters that are trained: stem %s of %s', async (stem, architecture, name, shape) => {
    const out = `${stem}-${architecture}`;
    const sizes = architecture === 'vgg16-bn' ? { imageSize: 32, crops: '2x32' } : {};
    const more = { ...short, ...sizes, stemStart: 'patches', stem, architecture };
    expectSuccess(await runHere(workplace, ...training(out, more)));
    const first = stemOf(out, name);
    expect(first.shape).toEqual(shape);
    expect(last(out)[name]!.data).not.toEqual(first.data);
  });

  it('killed without warning, ends with the same bytes, with and without the stored filters', async () => {
    const more = { stemStart: 'patches' };
    expectSuccess(await runHere(workplace, ...training('whole', more)));
    const started = workplace.start(...training('killed', more));
    await untilCheckpoints('killed', 2, started);
    started.process.kill('SIGKILL');
    await started.ended;
    rmSync(join(at('killed'), 'stem.safetensors'));
    expectSuccess(await runHere(workplace, ...training('killed', more), '--resume'));
    expect(finalOf('killed').equals(finalOf('whole'))).toBe(true);
    expect(lossesOf('killed')).toEqual(lossesOf('whole'));
    expect(stemOf('killed').data).toEqual(stemOf('whole').data);
  });
});
