/** Checkpoints of PyTorch: features equal PyTorch's, and layouts of published files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../backends/index.ts';
import { LikenessError } from '../../core/errors.ts';
import { encodeSafetensors, type Tensors } from '../../formats/index.ts';
import { createVariables, type EncoderOptions, encode } from '../../nn/index.ts';
import { input } from '../../tensor/index.ts';
import { featureEncoder } from '../featureEncoders.ts';
import { checkpointModel } from './checkpointModel.ts';
import { type Dictionaries, findBackbone, networkOf, type StoredWeight } from './layouts.ts';
import { openCheckpoint } from './openCheckpoint.ts';

const fixtures = new URL('../../../test/fixtures/checkpoints/', import.meta.url);
const pathOf = (name: string) => new URL(name, fixtures).pathname;
const expected = Object.assign(
  {},
  ...['features.json', 'layouts.json'].map((name) =>
    JSON.parse(readFileSync(pathOf(name), 'utf8')),
  ),
) as Record<string, { size: number; features: number[][] }>;
const folder = mkdtempSync(join(tmpdir(), 'likeness-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Pixels of two images, as the script of the fixtures makes them. */
const pixelsOf = (size: number) =>
  Uint8Array.from({ length: 6 * size ** 2 }, (_, i) => (37 * i + 11 * Math.floor(i / 7)) % 256);

async function refusal(promise: Promise<unknown>): Promise<LikenessError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LikenessError);
  return error as LikenessError;
}

describe('features of an imported checkpoint', () => {
  it.each(Object.entries(expected))('of %s equal those of PyTorch', async (name, about) => {
    const { size, features } = about;
    const { settings, tensors } = await checkpointModel(pathOf(name), { size });
    const encoder = await featureEncoder({ name: 'model', settings }).open({
      ...{ engine: { threads: 1 } as Engine, size, tensors, batchSize: 2 },
    });
    try {
      const found = await encoder.embedViews(pixelsOf(size));
      const wanted = features.flat();
      expect(found.length).toBe(wanted.length);
      const largest = Math.max(...wanted.map(Math.abs));
      const differences = wanted.map((value, i) => Math.abs(value - found[i]!));
      expect(largest).toBeGreaterThan(0.1);
      expect(Math.max(...differences) / largest).toBeLessThan(1e-4);
    } finally {
      await encoder.close();
    }
  });

  it('tells what was found, what is left over, and which colors are taken', async () => {
    const swav = await checkpointModel(pathOf('swav.pth.tar'), { size: 64 });
    expect(swav).toMatchObject({
      ...{ network: 'resnet50 of width 2', place: '', used: 53 * 5 },
      left: { projection_head: 2, prototypes: 1 },
      settings: { model: 'swav', dimension: 64, input: { size: 64, std: [0.228, 0.224, 0.225] } },
    });
    expect(swav.notes).toContain('Not used: projection_head (2 tensors), prototypes (1 tensor).');
    const moco = await checkpointModel(pathOf('moco.pth'));
    expect(moco).toMatchObject({
      place: 'state_dict: encoder_q',
      settings: { input: { size: 224, resize: 256, std: [0.229, 0.224, 0.225] } },
    });
    expect(Object.keys(moco.left).sort()).toEqual(['encoder_k', 'fc', 'queue']);
    const cc = await checkpointModel(pathOf('checkpoint_3.tar'));
    expect(cc).toMatchObject({
      place: 'net: resnet',
      settings: { input: { size: 32, resize: 32, mean: [0, 0, 0], std: [1, 1, 1] } },
    });
    expect(cc.notes.join(' ')).toContain('Contrastive Clustering');
    expect(cc.notes.join(' ')).toContain('`stem` sets it');
  });

  it.each([
    ['swav', 'resnet10 of width 2', '', 'projection_head,prototypes'],
    ['deepcluster_v2', 'resnet10 of width 2', 'state_dict', 'projection_head,prototypes'],
    ['pcl_v1', 'resnet10 of width 2', 'state_dict: encoder_q', 'encoder_k,fc,queue_ptr'],
    ['pcl_v2', 'resnet10 of width 2', 'state_dict: encoder_q', 'encoder_k,fc'],
    ['hcsc', 'resnet10 of width 2', 'state_dict: encoder_q', 'encoder_k,fc,queue_index'],
    ['moco_v1', 'resnet10 of width 2', 'state_dict: encoder_q', 'encoder_k,fc,queue'],
    ['moco_v2', 'resnet10 of width 2', 'state_dict: encoder_q', 'encoder_k,fc,queue'],
    [
      ...['contrastive_clustering', 'resnet10 of width 2', 'net: resnet'],
      'instance_projector,cluster_projector',
    ],
    ['torchvision', 'resnet10 of width 2', '', 'fc'],
    [
      ...['deepcluster_alexnet', 'alexnet of width 1 behind Sobel filters', 'state_dict'],
      'sobel,top_layer',
    ],
    [
      ...['deepcluster_vgg', 'vgg16-bn of width 1 behind Sobel filters', 'state_dict'],
      'sobel,top_layer',
    ],
  ] as const)('tell network and place of %s in both kinds of files', async (...about) => {
    const [name, network, place, left] = about;
    const found = await Promise.all(
      ['zip', 'stream'].map((kind) => checkpointModel(pathOf(`${name}.${kind}.pth`))),
    );
    for (const model of found) {
      expect([model.network, model.place]).toEqual([network, place]);
      expect(Object.keys(model.left).sort()).toEqual(left.split(',').sort());
    }
    expect(found[0]!.settings.sha256).toBe(found[1]!.settings.sha256);
  });

  it.each([
    ['timm.float16.safetensors', 'resnet10 of width 2'],
    ['timm.bfloat16.safetensors', 'resnet10 of width 2'],
    ['resnet101.float16.safetensors', 'resnet101 of width 1'],
    ['resnet152.float16.safetensors', 'resnet152 of width 1'],
  ])('tell the network of %s', async (name, network) => {
    const found = await checkpointModel(pathOf(name));
    expect([found.network, found.place, found.left]).toEqual([network, '', { fc: 1 }]);
  });

  it('are the same from a safetensors file', async () => {
    const { dictionaries, close } = await openCheckpoint(pathOf('moco.pth'));
    const tensors: Record<string, Tensors[string]> = {};
    for (const [name, { shape, read }] of dictionaries.get('state_dict')!) {
      if (!name.startsWith('module.encoder_q.') || name.includes('num_batches')) continue;
      tensors[name.slice(17)] = { dtype: 'float32', shape, data: await read() };
    }
    await close();
    const file = join(folder, 'moco.safetensors');
    writeFileSync(file, encodeSafetensors(tensors));
    const [one, other] = [await checkpointModel(file), await checkpointModel(pathOf('moco.pth'))];
    expect(one.settings.sha256).toBe(other.settings.sha256);
    expect(one.place).toBe('');
  });
});

/** Weights of a network by its own names, whose values nobody reads. */
function weightsOf(encoder: EncoderOptions, size: number): Map<string, StoredWeight> {
  const variables = createVariables({ mode: 'evaluate' });
  encode(variables, input('x', [1, 3, size, size]), encoder);
  const all = [...variables.parameters(), ...variables.buffers()];
  return new Map(all.map(({ name, tensor }) => [name, weight(tensor.shape)]));
}

const weight = (shape: readonly number[]): StoredWeight => ({
  shape,
  read: () => Promise.reject(new Error('not read')),
});

const renamed = (
  weights: ReadonlyMap<string, StoredWeight>,
  rename: (name: string) => string,
  more: readonly string[] = [],
): Map<string, StoredWeight> =>
  new Map([
    ...[...weights].map(([name, value]) => [rename(name), value] as const),
    ...more.map((name) => [name, weight([3])] as const),
  ]);

describe('layouts', () => {
  const resnet50 = weightsOf({ architecture: 'resnet50', stem: 'imagenet' }, 224);
  const resnet18 = weightsOf({ architecture: 'resnet18', stem: 'imagenet' }, 224);
  const alexnet = weightsOf({ architecture: 'alexnet', frontEnd: 'sobel' }, 224);
  const prefixed = (prefix: string, more: readonly string[] = [], of = resnet50) =>
    renamed(of, (name) => prefix + name, more);
  const inner = (name: string) => name.replace(/^features\./, 'features.module.');

  it.each<[string, string, Map<string, StoredWeight>, string, string, readonly string[]]>([
    [
      'SwAV',
      '',
      prefixed('module.', ['module.projection_head.0.weight', 'module.prototypes.weight']),
      ...(['', 'resnet50 of width 64', ['projection_head', 'prototypes']] as const),
    ],
    [
      'DeepCluster-v2',
      'state_dict',
      prefixed('module.', [
        'module.prototypes.prototypes0.weight',
        'module.projection_head.3.bias',
      ]),
      ...(['state_dict', 'resnet50 of width 64', ['prototypes', 'projection_head']] as const),
    ],
    [
      'DeepCluster',
      'state_dict',
      renamed(alexnet, inner, ['sobel.0.weight', 'sobel.1.weight', 'top_layer.weight']),
      ...([
        'state_dict',
        'alexnet of width 64 behind Sobel filters',
        ['sobel', 'top_layer'],
      ] as const),
    ],
    [
      'PCL and HCSC',
      'state_dict',
      new Map([
        ...prefixed('module.encoder_k.'),
        ...prefixed('module.encoder_q.', ['module.encoder_q.fc.2.weight', 'module.queue_index']),
      ]),
      ...([
        'state_dict: encoder_q',
        'resnet50 of width 64',
        ['encoder_k', 'fc', 'queue_index'],
      ] as const),
    ],
    [
      'MoCo v2',
      'state_dict',
      new Map([
        ...prefixed('module.encoder_q.', ['module.encoder_q.fc.0.bias'], resnet18),
        ...prefixed('module.encoder_k.', ['module.queue', 'module.queue_ptr'], resnet18),
      ]),
      ...([
        'state_dict: encoder_q',
        'resnet18 of width 64',
        ['fc', 'encoder_k', 'queue', 'queue_ptr'],
      ] as const),
    ],
    [
      'Contrastive Clustering',
      'net',
      prefixed('resnet.', ['instance_projector.0.weight', 'cluster_projector.2.bias'], resnet18),
      ...([
        'net: resnet',
        'resnet18 of width 64',
        ['instance_projector', 'cluster_projector'],
      ] as const),
    ],
    [
      'torchvision and timm',
      '',
      renamed(resnet18, (name) => name, ['fc.weight', 'fc.bias', 'bn1.num_batches_tracked']),
      ...(['', 'resnet18 of width 64', ['fc']] as const),
    ],
  ])('of %s', (_, path, tensors, place, title, others) => {
    const found = findBackbone(new Map([[path, tensors]]), 'file');
    expect([found.place, networkOf(found, 'file').title]).toEqual([place, title]);
    expect([...found.others.keys()]).toEqual(others);
    const own = title.startsWith('alexnet')
      ? alexnet
      : title.startsWith('resnet18')
        ? resnet18
        : resnet50;
    expect([...found.weights.keys()].sort()).toEqual([...own.keys()].sort());
  });

  it.each<[string, Dictionaries, RegExp]>([
    [
      'no tensors',
      new Map(),
      /holds no tensors; expected a dictionary of tensors with the weights of a ResNet/,
    ],
    [
      'another kind of network',
      new Map([['', new Map([['blocks.0.attn.qkv.weight', weight([4])]])]]),
      /holds "blocks\.0\.attn\.qkv\.weight"; expected .*Export other networks to ONNX/,
    ],
    [
      'a ResNet of other stages',
      new Map([['', prefixed('', ['layer3.6.conv1.weight'])]]),
      /stages of 3, 4, 7, 3 bottlenecks; expected a ResNet-10, -18, -34, -50, -101 or -152/,
    ],
    [
      'grouped convolutions',
      new Map([['', new Map([...resnet50, ['layer1.0.conv2.weight', weight([64, 2, 3, 3])]])]]),
      /a ResNet with convolutions in 32 groups, such as ResNeXt; .*Export other networks to ONNX/,
    ],
    [
      'wide bottlenecks',
      new Map([['', new Map([...resnet50, ['layer1.0.conv3.weight', weight([128, 64, 1, 1])]])]]),
      /a wide ResNet, with 64 channels in bottlenecks of 128; .*Export other networks to ONNX/,
    ],
    [
      'further weights in blocks',
      new Map([['', prefixed('', ['layer1.0.se.fc1.weight'])]]),
      /further weights in the blocks of layer1, such as SE-ResNet; .*Export other networks to ONNX/,
    ],
    [
      'a first convolution of another kind',
      new Map([['', new Map([...resnet18, ['conv1.weight', weight([64, 1, 7, 7])]])]]),
      /a first convolution of 7 x 7 on 1 channels/,
    ],
    [
      'one network twice',
      new Map([['', new Map([...resnet18, ['module.conv1.weight', weight([64, 3, 7, 7])]])]]),
      /"conv1\.weight" is there twice/,
    ],
  ])('are refused: %s', async (_, dictionaries, text) => {
    const work = async () => networkOf(findBackbone(dictionaries, 'file'), 'file');
    const { code, message } = await refusal(work());
    expect([code, message]).toEqual(['import.layout', expect.stringMatching(text)]);
  });
});

describe('files that cannot be imported', () => {
  const float = (shape: number[], value = 0) => ({
    ...({ dtype: 'float32', shape } as const),
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
  });

  async function tensorsOf(): Promise<Record<string, Tensors[string]>> {
    const { dictionaries, close } = await openCheckpoint(pathOf('moco.pth'));
    const tensors: Record<string, Tensors[string]> = {};
    for (const [name, { shape, read }] of dictionaries.get('state_dict')!) {
      if (name.startsWith('module.encoder_q.')) {
        tensors[name.slice(17)] = { dtype: 'float32', shape, data: await read() };
      }
    }
    await close();
    return tensors;
  }

  it.each<[string, (tensors: Record<string, Tensors[string]>) => void, RegExp]>([
    [
      'a missing weight',
      (all) => delete all['layer2.0.bn1.weight'],
      /lacks "layer2\.0\.bn1\.weight"; expected every/,
    ],
    [
      'a weight of another shape',
      (all) => (all['layer1.0.conv2.weight'] = float([4, 4, 5, 5])),
      /"layer1\.0\.conv2\.weight" has the shape \[4, 4, 5, 5\]; expected \[4, 4, 3, 3\]/,
    ],
    [
      'a weight that is not finite',
      (all) => (all['bn1.bias'] = float([4], Number.NaN)),
      /"bn1\.bias" has values that are not finite/,
    ],
  ])('say so: %s', async (name, change, text) => {
    const tensors = await tensorsOf();
    change(tensors);
    const file = join(folder, `${name.replaceAll(' ', '-')}.safetensors`);
    writeFileSync(file, encodeSafetensors(tensors));
    const { code, message } = await refusal(checkpointModel(file));
    expect([code, message]).toEqual(['import.incomplete', expect.stringMatching(text)]);
  });

  it('say so: another file, and none', async () => {
    writeFileSync(join(folder, 'text.pth'), 'hello, world');
    const text = await refusal(checkpointModel(join(folder, 'text.pth')));
    expect(text.code).toBe('import.format');
    expect(text.message).toMatch(/begins with "hello, wo"; expected a PyTorch file .* or a .safe/);
    expect((await refusal(checkpointModel(join(folder, 'nowhere.pth')))).message).toMatch(
      /Could not read .*Expected a PyTorch file/,
    );
    expect((await refusal(checkpointModel(folder))).code).toMatch(/import\.missing|safetensors/);
  });
});
