/** Finding out which blocked operators work where an engine opens: they are no public contract of the runtime. */
import { sizeOf } from '../tensor/index.ts';
import { blockSizes } from './lowering/blocked.ts';
import { type Probe, probeOf } from './lowering/probe.ts';
import type { Values } from './protocol.ts';

/** Runs a probe's model once; throws where the runtime does not have its operators. */
export type RunProbe = (probe: Probe, inputs: Values) => Promise<Values>;

/** Results of blocked and standard operators that are further apart do not agree. */
const TOLERANCE = 1e-3;

/** Largest block of the blocked operators that work here and agree with the standard ones; 0: none. */
export async function probeBlocks(run: RunProbe): Promise<number> {
  for (const block of blockSizes) {
    const probe = probeOf(block);
    const waves = probe.inputs.map(({ name, shape }) => [
      name,
      Float32Array.from({ length: sizeOf(shape as number[]) }, (_, i) => Math.sin(i * 0.7)),
    ]);
    try {
      const results = await run(probe, Object.fromEntries(waves));
      const agree = probe.outputs.every(([plain, blocked]) =>
        results[plain.name]!.every((found, i) => Math.abs(found - results[blocked.name]![i]!) < TOLERANCE),
      );
      if (agree) return block;
    } catch {
      // Not in this build or not on this processor.
    }
  }
  return 0;
}
