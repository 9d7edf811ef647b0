/** What a trained method makes of features: embeddings on the sphere, and where it learns clusters itself, those. */
import { allRows, type Features, featuresOf, type Rows, requireFinite, rowsOf } from '../cluster/index.ts';
import { LikenessError } from '../core/errors.ts';
import { encoderOptions, featureLength, methodHead, type Settings } from '../methods/index.ts';
import { createVariables } from '../nn/index.ts';
import type { Engine, Values } from '../runtime/index.ts';
import { input } from '../tensor/index.ts';

export interface HeadOptions {
  engine: Engine;
  settings: Settings;
  /** Parameters and running statistics by name; others in it are ignored. */
  state: Values;
}

export interface Head {
  /** `[K, D]`, as stored: to be normalised by whoever compares with them. Absent where the method has none. */
  readonly prototypes?: Features;
  /** Embeddings `[N, D]`, rows of length 1, of the encoder's features `[N, F]` (not normalised). */
  project(features: Features): Promise<Features>;
  /** The same, computed as they are read. */
  projected(features: Rows): Rows;
  /** M, clusters that the method learns itself; absent where it learns none. */
  readonly clusters?: number;
  /** Probabilities `[N, M]` of the clusters that the method has learned, of the encoder's features; absent where it has none. */
  assign?(features: Features | Rows): Promise<Features>;
  close(): Promise<void>;
}

/** Rows per run of the head. */
const ROWS = 512;

/** Compiles the method's heads in evaluation mode with a run's weights. */
export async function openHead({ engine, settings, state }: HeadOptions): Promise<Head> {
  const width = featureLength(encoderOptions(settings));
  const variables = createVariables({ mode: 'evaluate' });
  const { project, prototypes, assign } = methodHead(settings);
  const h = input('features', [ROWS, width]);
  const z = project(variables, h); // [ROWS, D]
  const y = assign?.(variables, h); // [ROWS, M]
  const dimension = z.shape[1]!;
  const held = [...variables.parameters(), ...variables.buffers()];
  const [stored] = prototypes === undefined ? [] : valuesOf(state, [prototypes]);
  const executable = await engine.compile({
    outputs: { z, ...(y && { y }) },
    state: held.map(({ tensor }) => ({ current: tensor })),
    name: 'head',
  });
  const names = held.map(({ name }) => name);
  const values = valuesOf(state, names);
  await executable.writeState(Object.fromEntries(names.map((name, i) => [name, values[i]!])));

  /** Computed in blocks that begin at multiples of their size, whatever is read. */
  function outputOf(output: 'z' | 'y', length: number, features: Features | Rows): Rows {
    const from = rowsOf(features);
    async function compute(start: number): Promise<Float32Array> {
      const rows = Math.min(ROWS, from.count - start);
      const block = new Float32Array(ROWS * width);
      block.set(await from.read(start, rows));
      const found = (await executable.run({ features: block }, { transfer: true }))[output] as Float32Array;
      const part = found.subarray(0, rows * length);
      requireFinite(part, length, start);
      return part;
    }
    return {
      count: from.count,
      dimension: length,
      async read(start, rows) {
        const out = new Float32Array(rows * length);
        for (let first = start - (start % ROWS); first < start + rows; first += ROWS) {
          const part = await compute(first);
          const skipped = Math.max(0, start - first) * length;
          const to = Math.max(0, first - start) * length;
          out.set(part.subarray(skipped, skipped + out.length - to), to);
        }
        return out;
      },
    };
  }
  return {
    prototypes: stored && featuresOf(stored, dimension),
    project: (features) => allRows(outputOf('z', dimension, features)),
    projected: (features) => outputOf('z', dimension, features),
    ...(y && {
      clusters: y.shape[1]!,
      assign: (features: Features | Rows) => allRows(outputOf('y', y.shape[1]!, features)),
    }),
    close: () => executable.dispose(),
  };
}

function valuesOf(state: Values, names: readonly string[]): Float32Array[] {
  return names.map((name) => {
    const value = state[name];
    if (!(value instanceof Float32Array)) {
      throw new LikenessError(
        'head.incomplete',
        `the checkpoint has no "${name}"; expected the weights of the method's heads and its prototypes`,
      );
    }
    return value;
  });
}
