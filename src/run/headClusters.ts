/** Clusters that a method's own head names, where it has one: the most probable for each image. */
import { type Features, selectRows } from '../cluster/index.ts';
import { encoderOptions, featureLength, methodHead, type Settings } from '../methods/index.ts';
import { createVariables } from '../nn/index.ts';
import type { Engine, Values } from '../runtime/index.ts';
import { argMax, input } from '../tensor/index.ts';

/** Rows per run of the head. */
const ROWS = 512;

/**
 * `argmax` of the head's probabilities for each row of the encoder's features `[N, F]`; undefined for a method whose head
 * names no clusters.
 */
export async function headClusters(
  { engine, settings, state }: { engine: Engine; settings: Settings; state: Values },
  features: Features,
): Promise<Int32Array | undefined> {
  const { assign } = methodHead(settings);
  if (!assign) return undefined;
  const width = featureLength(encoderOptions(settings));
  const variables = createVariables({ mode: 'evaluate' });
  const clusters = argMax(assign(variables, input('features', [ROWS, width]))); // [ROWS]
  const held = [...variables.parameters(), ...variables.buffers()];
  const executable = await engine.compile({
    outputs: { clusters },
    state: held.map(({ tensor }) => ({ current: tensor })),
    name: 'cluster head',
  });
  try {
    await executable.writeState(Object.fromEntries(held.map(({ name }) => [name, state[name]!])));
    const found = new Int32Array(features.count);
    for (let start = 0; start < features.count; start += ROWS) {
      const rows = Math.min(ROWS, features.count - start);
      const block = new Float32Array(ROWS * width);
      block.set(
        selectRows(
          features,
          Array.from({ length: rows }, (_, i) => start + i),
        ).data,
      );
      const result = (await executable.run({ features: block }, { transfer: true })).clusters!;
      for (let i = 0; i < rows; i++) found[start + i] = Number(result[i]);
    }
    return found;
  } finally {
    await executable.dispose();
  }
}
