/**
 * Named values of a model: parameters, which an optimizer changes, and buffers (running
 * statistics), which the forward pass changes.
 *
 * A layer is a function that asks for its values by name. Asking twice returns the same tensor, so
 * that an encoder that is applied to several resolutions shares its weights. Later readers of a
 * buffer see its latest value.
 */
import { LikenessError } from '../core/errors.ts';
import { randomAt } from '../core/random.ts';
import { input, type Shape, sameShape, showShape, sizeOf, type Tensor } from '../tensor/index.ts';
import type { Initializer } from './initialize.ts';

export type Mode = 'train' | 'evaluate';

interface Entry {
  tensor: Tensor;
  initialize: Initializer;
}

/** First values by name, in place of those that a layer draws. */
export type FirstValues = Readonly<Record<string, Float32Array>>;

export interface Variables {
  /** Statistics that layers use: those of the batch in "train", running ones in "evaluate". */
  readonly mode: Mode;
  /** Number of replicas whose batches share the statistics of batch norms. 1: each has its own. */
  readonly batchNormReplicas: number;
  /** First values in place of those that layers draw, by names without the prefix. */
  readonly first: FirstValues;
  /** A trained value. */
  parameter(name: string, shape: Shape, initialize: Initializer): Tensor;
  /** The latest value of a buffer. */
  buffer(name: string, shape: Shape, initialize: Initializer): Tensor;
  /** Replaces a buffer's value for what is built after, and for the next step. */
  setBuffer(name: string, value: Tensor): void;
  /** All parameters, in the order in which they were first asked for. */
  parameters(): { name: string; tensor: Tensor }[];
  /** All buffers: the tensor through which a step reads each, and the value that it leaves. */
  buffers(): { name: string; tensor: Tensor; next: Tensor }[];
  /** First values of all parameters and buffers, each drawn from its own stream of the seed. */
  initialValues(seed: number): Record<string, Float32Array>;
}

/**
 * An empty set of variables. With a prefix, all stored names begin with it; first values are as
 * without it.
 */
export function createVariables({
  mode = 'train',
  prefix = '',
  batchNormReplicas = 1,
  first = {},
}: {
  mode?: Mode;
  prefix?: string;
  batchNormReplicas?: number;
  first?: FirstValues;
} = {}): Variables {
  const parameters = new Map<string, Entry>();
  const buffers = new Map<string, Entry & { latest: Tensor }>();

  function check(name: string, { tensor }: Entry, shape: Shape): void {
    if (!sameShape(tensor.shape, shape)) {
      throw new LikenessError(
        'shape.mismatch',
        `variable "${name}": received shape ${showShape(shape)}; ` +
          `expected ${showShape(tensor.shape)}, as when it was first used`,
      );
    }
  }
  return {
    mode,
    batchNormReplicas,
    first,
    parameter(name, shape, initialize) {
      const known = parameters.get(name);
      if (known) {
        check(name, known, shape);
        return known.tensor;
      }
      const tensor = input(prefix + name, shape);
      parameters.set(name, { tensor, initialize });
      return tensor;
    },
    buffer(name, shape, initialize) {
      const known = buffers.get(name);
      if (known) {
        check(name, known, shape);
        return known.latest;
      }
      const tensor = input(prefix + name, shape);
      buffers.set(name, { tensor, initialize, latest: tensor });
      return tensor;
    },
    setBuffer(name, value) {
      const entry = buffers.get(name)!;
      check(name, entry, value.shape);
      entry.latest = value;
    },
    parameters: () =>
      [...parameters].map(([name, { tensor }]) => ({ name: prefix + name, tensor })),
    buffers: () =>
      [...buffers].map(([name, { tensor, latest }]) => ({
        name: prefix + name,
        tensor,
        next: latest,
      })),
    initialValues(seed) {
      const values: Record<string, Float32Array> = {};
      for (const [name, { tensor, initialize }] of [...parameters, ...buffers]) {
        const given = first[name];
        if (given) {
          checkCount(name, given, tensor.shape);
          values[prefix + name] = given.slice();
          continue;
        }
        // Keyed by name, so that a value does not depend on the order in which layers were built.
        values[prefix + name] = initialize(
          tensor.shape,
          randomAt(seed, 'initialize', hashName(name)),
        );
      }
      return values;
    },
  };
}

/** A buffer as a value of a program's state, frozen where no layer replaces it. */
export function stateOfBuffer({ tensor, next }: { tensor: Tensor; next: Tensor }): {
  current: Tensor;
  next?: Tensor;
} {
  return next === tensor ? { current: tensor } : { current: tensor, next };
}

function checkCount(name: string, given: Float32Array, shape: Shape): void {
  if (given.length === sizeOf(shape)) return;
  throw new LikenessError(
    'shape.mismatch',
    `variable "${name}": received ${given.length} first values; expected ${sizeOf(shape)}, for ` +
      `shape ${showShape(shape)}`,
  );
}

/** FNV-1a, 32 bits. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
