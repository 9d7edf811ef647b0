/** How a peer in JavaScript is driven: one JSON object per line in, one per line out; and the step that all start from. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { decodeSafetensors } from '../../src/formats/index.ts';

export const LEARNING_RATE = 0.01;
export const MOMENTUM = 0.9;
export const EPSILON = 1e-5;
/** Blocks of each stage of ResNet-18. */
export const BLOCKS = [2, 2, 2, 2];

/** Weights, images and targets of the file `--start`, by name: `{shape, data}`. */
export function startValues() {
  const { values } = parseArgs({ options: { start: { type: 'string' } } });
  return decodeSafetensors(readFileSync(values.start)).tensors;
}

/** The version of an installed package, which need not export its package.json. */
export function versionOf(name) {
  const entry = import.meta.resolve(name);
  const folder = entry.slice(0, entry.lastIndexOf(`/${name}/`) + name.length + 2);
  return JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')).version;
}

/**
 * Says `about` and answers `{"losses": n}` with the losses of n steps, each before its update, and `{"times": n}` with the
 * milliseconds of n steps; `step` takes one and gives its loss.
 */
export async function serve(about, step) {
  const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
  say(about);
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const { losses, times } = JSON.parse(line);
      const found = { losses: [], ms: [] };
      for (let i = 0; i < (losses ?? times); i++) {
        const begun = performance.now();
        found.losses.push(await step());
        found.ms.push(performance.now() - begun);
      }
      say(found);
    } catch (error) {
      say({ error: String(error) });
    }
  }
}
