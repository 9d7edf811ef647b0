/**
 * Benchmarks one training step of a narrow ResNet-18 on a few images beside other JavaScript
 * libraries, where they are installed (`npm install --no-save @tensorflow/tfjs @jax-js/jax`).
 * Timing starts after all have computed the same losses before and after a step from the same
 * weights and images.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program, Values } from '../src/compile/index.ts';
import { encodeSafetensors } from '../src/formats/index.ts';
import { ownContender, peerContender } from './contenders.ts';
import { openPeer, withPeer } from './peer.ts';
import type { Shape } from './shapes.ts';
import { onStage } from './stage.ts';
import { prepare, stepProgram, syntheticBatch } from './step.ts';
import { type Speeds, speedsOf, takeTurns } from './turns.ts';

/** Rows of the benchmark; `smoke` is for tests. */
export const javascriptRows: Readonly<Record<string, Shape>> = {
  'resnet18-cifar-32-w16-b4': {
    ...{ architecture: 'resnet18', stem: 'cifar', size: 32, width: 16, batch: 4 },
  },
  smoke: { architecture: 'resnet18', stem: 'cifar', size: 8, width: 4, batch: 4 },
};

export interface JavascriptRow extends Speeds {
  name: string;
  /** Largest relative difference from our losses, by library. */
  lossDifferences: Readonly<Record<string, number>>;
}

interface Library {
  name: string;
  /** Packages to import. */
  package: string;
  script: string;
}

const libraries: readonly Library[] = [
  { name: 'TensorFlow.js', package: '@tensorflow/tfjs', script: './javascript/tensorflow.mjs' },
  { name: 'jax-js', package: '@jax-js/jax', script: './javascript/jax.mjs' },
];

/** Lists the installed libraries. */
export function installedLibraries(): Library[] {
  return libraries.filter((library) => {
    try {
      import.meta.resolve(library.package);
      return true;
    } catch {
      return false;
    }
  });
}

/** Lists the packages of the missing libraries. */
export function missingLibraries(): string[] {
  const installed = installedLibraries();
  return libraries
    .filter((library) => !installed.includes(library))
    .map((library) => library.package);
}

/** Largest difference of losses that count as the same computation. */
const TOLERANCE = 1e-3;

/** Benchmarks one row. */
export async function benchmarkJavascript(
  name: string,
  {
    rounds = 2,
    peers = installedLibraries(),
  }: { rounds?: number; peers?: readonly Library[] } = {},
): Promise<JavascriptRow> {
  const shape = javascriptRows[name]!;
  return onStage(async ({ folder, withEngine }) => {
    const { program, initial } = stepProgram(shape);
    const feeds = syntheticBatch(shape);
    const file = join(folder, 'start.safetensors');
    writeFileSync(file, encodeSafetensors(stored(program, initial, feeds, shape)));
    const own = await withEngine(async (engine) => {
      const once = await prepare(engine, { shape });
      return [(await once()).loss![0]!, (await once()).loss![0]!];
    });
    const lossDifferences: Record<string, number> = {};
    for (const { name: library, script } of peers) {
      const { losses } = (await withPeer(
        process.execPath,
        { script, options: { start: file } },
        (peer) => peer.ask({ losses: own.length }),
      )) as { losses: number[] };
      const difference = Math.max(...own.map((loss, i) => Math.abs(loss / losses[i]! - 1)));
      if (!(difference < TOLERANCE))
        throw new Error(`${name}: our losses ${own} and those of ${library} ${losses} differ`);
      lossDifferences[library] = difference;
    }
    const ours = ownContender({ module: './step.ts', args: { shape } });
    const theirs = peers.map(({ name: library, script }) =>
      peerContender({
        name: library,
        open: () => openPeer(process.execPath, { script, options: { start: file } }),
      }),
    );
    const standing = await takeTurns(ours, theirs, { rounds, runs: 1 });
    return { name, ...speedsOf(standing, shape.batch), lossDifferences };
  });
}

/** Creates weights, images and targets by name, with their shapes. */
function stored(program: Program, initial: Values, feeds: Values, { batch, size }: Shape) {
  const weights = program.state!.flatMap(({ current }) => {
    const name = String(current.node.attributes.name);
    const data = initial[name];
    return data ? [[name, { dtype: 'float32' as const, shape: current.shape, data }] as const] : [];
  });
  return {
    ...Object.fromEntries(weights),
    images: { dtype: 'float32' as const, shape: [batch, 3, size, size], data: feeds.images! },
    targets: { dtype: 'int32' as const, shape: [batch], data: feeds.targets! },
  };
}
