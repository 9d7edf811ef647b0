/**
 * The heads of a trained method: embeddings on the sphere and, where it learns clusters itself,
 * their probabilities.
 */
import type { Engine, Executable } from '../backends/index.ts';
import {
  allRows,
  type Features,
  featuresOf,
  type Rows,
  requireFinite,
  rowsOf,
} from '../cluster/index.ts';
import type { Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import { encoderOptions, featureLength, methodHead, type Settings } from '../methods/index.ts';
import { createVariables } from '../nn/index.ts';
import { input, type Tensor } from '../tensor/index.ts';
import type { EncoderHeads } from './encoder.ts';

export interface HeadOptions {
  engine: Engine;
  settings: Settings;
  /** Parameters and running statistics by name; other values are ignored. */
  state: Values;
}

export interface OpenHeads extends EncoderHeads {
  close(): Promise<void>;
}

/** Rows per run of the heads. */
const ROWS = 512;

/**
 * Builds the method's heads in evaluation mode with a run's weights; they are compiled at their
 * first use.
 */
export function openHeads({ engine, settings, state }: HeadOptions): OpenHeads {
  const { weights, width, z, y, C } = headsOf(settings);
  let compiled: Promise<Executable> | undefined;

  async function compile(): Promise<Executable> {
    const executable = await engine.compile({
      outputs: { z, ...(y && { y }) },
      state: weights.map(({ tensor }) => ({ current: tensor })),
      name: 'head',
    });
    await executable.writeState(
      Object.fromEntries(
        weights.map(({ name, tensor }) => [name, storedValue(state, name, tensor)]),
      ),
    );
    return executable;
  }

  /**
   * Computed in blocks that begin at multiples of their size, so that rows do not depend on what is
   * read.
   */
  function outputOf(output: 'z' | 'y', dimension: number, features: Features | Rows): Rows {
    const from = rowsOf(features);
    async function compute(start: number): Promise<Float32Array> {
      compiled ??= compile();
      const executable = await compiled;
      const rows = Math.min(ROWS, from.count - start);
      const block = new Float32Array(ROWS * width);
      block.set(await from.read(start, rows));
      const found = (await executable.run({ features: block }, { transfer: true }))[
        output
      ] as Float32Array;
      const part = found.subarray(0, rows * dimension);
      requireFinite(part, dimension, start);
      return part;
    }
    return {
      count: from.count,
      dimension,
      async read(start, rows) {
        const out = new Float32Array(rows * dimension);
        for (let first = start - (start % ROWS); first < start + rows; first += ROWS) {
          const part = await compute(first);
          const skipped = Math.max(0, start - first) * dimension;
          const to = Math.max(0, first - start) * dimension;
          out.set(part.subarray(skipped, skipped + out.length - to), to);
        }
        return out;
      },
    };
  }
  const embeddingDim = z.shape[1]!;
  return {
    get prototypes() {
      return C && featuresOf(storedValue(state, C.node.attributes.name as string, C), embeddingDim);
    },
    project: (features) => outputOf('z', embeddingDim, features),
    ...(y && {
      clusters: y.shape[1]!,
      assign: (features: Features | Rows) => allRows(outputOf('y', y.shape[1]!, features)),
    }),
    async close() {
      await (await compiled?.catch(() => undefined))?.dispose();
    },
  };
}

/** Heads as tensors of features [ROWS, width], and the variables that they read. */
function headsOf(settings: Settings) {
  const width = featureLength(encoderOptions(settings));
  const variables = createVariables({ mode: 'evaluate' });
  const head = methodHead(settings);
  const h = input('features', [ROWS, width]);
  const z = head.project(variables, h); // [ROWS, D]
  const y = head.assign?.(variables, h); // [ROWS, M]
  // In a set of their own: the heads do not read them.
  const C = head.prototypes?.(createVariables()); // [K, D]
  return { weights: [...variables.parameters(), ...variables.buffers()], width, z, y, C };
}

/** Shapes of the values that the heads of a method read, by name. */
export function headShapes(settings: Settings): ReadonlyMap<string, readonly number[]> {
  const { weights, C } = headsOf(settings);
  return new Map([
    ...weights.map(({ name, tensor }) => [name, tensor.shape] as const),
    ...(C ? [[C.node.attributes.name as string, C.shape] as const] : []),
  ]);
}

function storedValue(state: Values, name: string, { shape }: Pick<Tensor, 'shape'>): Float32Array {
  const value = state[name];
  const size = shape.reduce((product, n) => product * n, 1);
  if (value instanceof Float32Array && value.length === size) return value;
  throw new LikenessError(
    'head.incomplete',
    `the checkpoint has no "${name}" of shape [${shape.join(', ')}]; expected the weights of the ` +
      "method's heads and its prototypes. Restore the checkpoint, or delete it to use an earlier " +
      'one.',
  );
}
