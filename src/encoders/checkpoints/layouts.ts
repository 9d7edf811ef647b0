/**
 * Layouts of PyTorch checkpoints: which of their tensors are a network's, and which network it is.
 *
 * Names follow torchvision's ResNets (SwAV, DeepCluster-v2, PCL, HCSC, MoCo, Contrastive
 * Clustering, timm), or the authors' AlexNet and VGG16-BN (DeepCluster), behind prefixes that
 * wrappers add.
 */
import { LikenessError } from '../../core/errors.ts';
import { plural } from '../../core/text.ts';
import { type EncoderOptions, residualNetworks, type Stem } from '../../nn/index.ts';
import { IMAGENET } from '../models/imageInput.ts';

/** A tensor of a checkpoint, which is read on demand. */
export interface StoredWeight {
  readonly shape: readonly number[];
  /** Reads the elements in row-major order. */
  read(): Promise<Float32Array>;
}

/** Dictionaries of tensors by their path in the file, empty for the outermost. */
export type Dictionaries = ReadonlyMap<string, ReadonlyMap<string, StoredWeight>>;

/** Weights of one network in a checkpoint. */
export interface Backbone {
  /** Weights by torchvision's names, without prefixes. */
  readonly weights: ReadonlyMap<string, StoredWeight>;
  /** Place in the file, such as `state_dict: module.encoder_q`; empty for the outermost names. */
  readonly place: string;
  /** Number of other tensors by the first part of their names, such as `projection_head`. */
  readonly others: ReadonlyMap<string, number>;
}

type Family = 'resnet' | 'list';

/** Names of a family's first layer and of a later one, which together tell it. */
const families: Readonly<Record<Family, readonly [string, string]>> = {
  resnet: ['conv1.weight', 'layer1.0.conv1.weight'],
  list: ['features.0.weight', 'features.1.running_mean'],
};

/** Parts of prefixes of copies that follow another network: taken last. */
const FOLLOWERS = /(^|[._])(encoder_k|momentum\w*|teacher|target\w*|ema|key)([._]|$)/;

/**
 * Finds the network in a checkpoint. Where there are several, that of the query encoder is taken,
 * and a copy that follows another by momentum last.
 *
 * @param holds description of a file without dictionaries of tensors
 * @throws LikenessError `import.layout` where there is none
 */
export function findBackbone(dictionaries: Dictionaries, file: string, holds?: string): Backbone {
  const found = [...dictionaries].flatMap(([path, tensors]) => {
    const named = withoutWrappers(tensors, file);
    return prefixesIn(named).map((prefix) => ({ path, named, prefix }));
  });
  const follows = ({ path, prefix }: (typeof found)[number]) =>
    FOLLOWERS.test(prefix) || FOLLOWERS.test(path) ? 1 : 0;
  const [best] = found.toSorted(
    (a, b) => follows(a) - follows(b) || a.prefix.length - b.prefix.length,
  );
  if (!best) throw notKnown(dictionaries, file, holds);
  const { path, named, prefix } = best;
  const weights = new Map<string, StoredWeight>();
  const others = new Map<string, number>();
  for (const [name, weight] of named) {
    const isOwn = name.startsWith(prefix) && isOfNetwork(name.slice(prefix.length));
    if (isOwn) weights.set(name.slice(prefix.length), weight);
    else if (!name.endsWith('num_batches_tracked')) {
      const [first] = (name.startsWith(prefix) ? name.slice(prefix.length) : name).split('.');
      others.set(first!, (others.get(first!) ?? 0) + 1);
    }
  }
  const place = [path, prefix.replace(/\.$/, '')].filter((part) => part !== '').join(': ');
  return { weights, place, others };
}

/** Names without the parts that data parallelism adds, wherever they are. */
function withoutWrappers(
  tensors: ReadonlyMap<string, StoredWeight>,
  file: string,
): ReadonlyMap<string, StoredWeight> {
  const named = new Map<string, StoredWeight>();
  for (const [name, weight] of tensors) {
    const own = name
      .split('.')
      .filter((part) => part !== 'module' && part !== '_orig_mod')
      .join('.');
    if (named.has(own)) {
      throw new LikenessError(
        'import.layout',
        `${file}: ${JSON.stringify(own)} is there twice, with and without "module."; expected ` +
          'one network in each dictionary of weights',
      );
    }
    named.set(own, weight);
  }
  return named;
}

/** Prefixes behind which the names of a network begin. */
function prefixesIn(tensors: ReadonlyMap<string, StoredWeight>): string[] {
  return Object.values(families).flatMap(([first, later]) =>
    [...tensors.keys()]
      .filter((name) => name === first || name.endsWith(`.${first}`))
      .map((name) => name.slice(0, -first.length))
      .filter((prefix) => tensors.has(prefix + later)),
  );
}

/** Parts of a network's names without heads, classifiers and counters. */
const OWN_NAMES = [
  /^(conv1|bn1)\.(weight|bias|running_mean|running_var)$/,
  /^layer\d+\.\d+\.(conv\d|bn\d|downsample\.[01])\.(weight|bias|running_mean|running_var)$/,
  /^features\.\d+\.(weight|bias|running_mean|running_var)$/,
  /^classifier\.[0134]\.(weight|bias)$/,
];

function isOfNetwork(name: string): boolean {
  return OWN_NAMES.some((pattern) => pattern.test(name));
}

/** Network that the shapes of weights describe. */
export interface FoundNetwork {
  readonly encoder: EncoderOptions;
  /** Side of the images that fully connected layers need. */
  readonly size?: number;
  /** Name with its width, such as `resnet50 of width 64`. */
  readonly title: string;
}

/**
 * Tells the architecture, width and first layers by names and shapes.
 *
 * @param stem first layers where their shapes do not tell them: a 3x3 convolution of stride 1 or 2
 * @throws LikenessError `import.layout` for a network that likeness does not have
 */
export function networkOf(backbone: Backbone, file: string, stem?: Stem): FoundNetwork {
  const { weights } = backbone;
  if (!weights.has('conv1.weight')) return listedNetwork(weights, file);
  const other = otherBlocks(backbone);
  if (other !== undefined) throw unknownNetwork(file, other);
  return residualNetwork(weights, file, stem);
}

type Weights = Backbone['weights'];

function residualNetwork(weights: Weights, file: string, stem?: Stem): FoundNetwork {
  const isBottleneck = weights.has('layer1.0.conv3.weight');
  const blocks = [1, 2, 3, 4].map((stage) => blocksOf(weights, stage));
  const found = Object.entries(residualNetworks).find(
    ([, network]) =>
      network.block === (isBottleneck ? 'bottleneck' : 'basic') &&
      String(network.blocks) === String(blocks),
  );
  if (!found) {
    throw unknownNetwork(
      file,
      `a residual network with stages of ${blocks.join(', ')} ` +
        `${isBottleneck ? 'bottlenecks' : 'basic blocks'}`,
    );
  }
  const stageWidths = [1, 2, 3, 4].map((stage) => channelsOf(weights, `layer${stage}.0.conv1`));
  const [, inputs, kernel] = weights.get('conv1.weight')!.shape;
  const isLarge = kernel === 7;
  if (inputs !== 3 || (!isLarge && kernel !== 3)) {
    throw unknownNetwork(
      file,
      `a first convolution of ${kernel} x ${kernel} on ${inputs} channels`,
    );
  }
  const [architecture] = found as [keyof typeof residualNetworks, unknown];
  return {
    encoder: { architecture, stageWidths, stem: isLarge ? 'imagenet' : (stem ?? 'cifar') },
    title: `${architecture} of width ${stageWidths[0]}`,
  };
}

/** Channels of a bottleneck's output for each of those within it. */
const EXPANSION = 4;

/** Tells of blocks that the ResNets of likeness do not have; undefined for usual ones. */
function otherBlocks({ weights, others }: Backbone): string | undefined {
  const width = channelsOf(weights, 'layer1.0.conv1');
  const inputs = weights.get('layer1.0.conv2.weight')?.shape[1] ?? width;
  if (inputs > 0 && inputs < width && width % inputs === 0) {
    return `a ResNet with convolutions in ${width / inputs} groups, such as ResNeXt`;
  }
  const outputs = channelsOf(weights, 'layer1.0.conv3');
  if (outputs > 0 && outputs < EXPANSION * width) {
    return `a wide ResNet, with ${width} channels in bottlenecks of ${outputs}`;
  }
  const further = [...others.keys()].find((name) => /^layer\d+$/.test(name));
  return further && `a ResNet with further weights in the blocks of ${further}, such as SE-ResNet`;
}

/** Number of blocks in a stage. */
function blocksOf(weights: Weights, stage: number): number {
  const pattern = new RegExp(`^layer${stage}\\.(\\d+)\\.conv1\\.weight$`);
  return [...weights.keys()].filter((name) => pattern.test(name)).length;
}

function channelsOf(weights: Weights, layer: string): number {
  return weights.get(`${layer}.weight`)?.shape[0] ?? 0;
}

/** Networks with fully connected layers, by the kernel of their first convolution. */
const listed = {
  11: { architecture: 'alexnet', channels: 96 },
  3: { architecture: 'vgg16-bn', channels: 64 },
} as const;
/** Side of the images in ImageNet's recipes. */
const USUAL_SIZE = 224;

function listedNetwork(weights: Weights, file: string): FoundNetwork {
  const [channels, inputs, kernel] = weights.get('features.0.weight')!.shape as number[];
  const network = listed[kernel as keyof typeof listed];
  if (!network || (inputs !== 2 && inputs !== 3)) {
    throw unknownNetwork(
      file,
      `a first convolution of ${kernel} x ${kernel} on ${inputs} channels`,
    );
  }
  const { architecture } = network;
  const width = Math.round((channels! * 64) / network.channels);
  const behind = inputs === 2 ? ' behind Sobel filters' : '';
  return {
    encoder: { architecture, width, frontEnd: inputs === 2 ? 'sobel' : 'none' },
    size: USUAL_SIZE,
    title: `${architecture} of width ${width}${behind}`,
  };
}

/** Mean and deviation of colors in the code that trains such checkpoints. */
export function colorsOf({ others }: Pick<Backbone, 'others'>): {
  mean: [number, number, number];
  std: [number, number, number];
  from: string;
} {
  if (others.has('instance_projector')) {
    // Contrastive Clustering scales pixels to 0 to 1 and does not normalize them.
    return { mean: [0, 0, 0], std: [1, 1, 1], from: 'none, as in Contrastive Clustering' };
  }
  const mean: [number, number, number] = [...IMAGENET.mean];
  if (others.has('projection_head') && others.has('prototypes')) {
    // The deviation of red in SwAV's code.
    return { mean, std: [0.228, 0.224, 0.225], from: "those of SwAV's code" };
  }
  return { mean, std: [...IMAGENET.std], from: "ImageNet's" };
}

function unknownNetwork(file: string, found: string): LikenessError {
  return new LikenessError(
    'import.layout',
    `${file} holds ${found}; expected a ResNet-10, -18, -34, -50, -101 or -152 under ` +
      "torchvision's names, or DeepCluster's AlexNet or VGG16-BN. Export other networks to ONNX, " +
      'which other commands take as encoders.',
  );
}

/** Most names that an error lists. */
const LISTED = 4;

function notKnown(dictionaries: Dictionaries, file: string, holds = 'no tensors'): LikenessError {
  const names = [...dictionaries.values()].flatMap((tensors) => [...tensors.keys()]);
  const some = names.slice(0, LISTED).map((name) => JSON.stringify(name.slice(0, 60)));
  const more = names.length > LISTED ? ` and ${plural(names.length - LISTED, 'other')}` : '';
  return new LikenessError(
    'import.layout',
    `${file} holds ${names.length === 0 ? holds : `${some.join(', ')}${more}`}; expected a ` +
      'dictionary of tensors with the weights of a ResNet (conv1.weight, layer1.0.conv1.weight, ' +
      '…) or of DeepCluster (features.0.weight, …). Export other networks to ONNX, which other ' +
      'commands take as encoders.',
  );
}
