/**
 * Embedding images with a ResNet (running statistics, no gradients), ours and PyTorch's, in turns: the better of the peer's two
 * memory formats, after both have given the same features for the same weights and images.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors } from '../src/formats/index.ts';
import { createVariables, resnet } from '../src/nn/index.ts';
import type { Values } from '../src/runtime/index.ts';
import { input } from '../src/tensor/index.ts';
import { differenceOf, type Peer, pythonWith } from './peer.ts';
import { onStage } from './stage.ts';
import { formats, type Shape } from './step.ts';
import { contender, type Speeds, speedsOf, takeTurns } from './turns.ts';

const base = { architecture: 'resnet18', stem: 'cifar', size: 32, width: 64, batch: 64 } as const;

/** The rows of the benchmark; `smoke` is for tests. */
export const inferenceRows: Readonly<Record<string, Shape>> = {
  'resnet18-cifar-32-w64-b1': { ...base, batch: 1 },
  'resnet18-cifar-32-w64-b64': base,
  'resnet18-cifar-32-w64-b256': { ...base, batch: 256 },
  'resnet18-cifar-32-w16-b256': { ...base, width: 16, batch: 256 },
  'resnet18-imagenet-96-w64-b64': { ...base, stem: 'imagenet', size: 96 },
  'resnet50-imagenet-96-w64-b64': { ...base, architecture: 'resnet50', stem: 'imagenet', size: 96 },
  smoke: { ...base, size: 8, width: 4, batch: 2 },
};

export interface InferenceRow extends Speeds {
  name: string;
  /** Largest difference of a feature, over the largest feature. */
  featureDifference: number | null;
}

/** Features further apart than this are not the same computation. */
const TOLERANCE = 1e-4;

/** Times one row. */
export async function benchmarkInference(
  name: string,
  { rounds = 5, python = pythonWith('torch') }: { rounds?: number; python?: string | null } = {},
): Promise<InferenceRow> {
  const { batch, size, architecture, stem, width } = inferenceRows[name]!;
  return onStage(async ({ engine, threads, folder, open }) => {
    const variables = createVariables({ mode: 'evaluate' });
    const features = resnet(variables, input('images', [batch, 3, size, size]), {
      ...{ architecture, stem, width },
    });
    const held = [...variables.parameters(), ...variables.buffers()];
    const executable = await engine.compile({
      name: 'bench-inference',
      outputs: { features },
      state: held.map(({ tensor }) => ({ current: tensor })),
    });
    const state: Values = { ...variables.initialValues(0) };
    const peers: Peer[] = [];
    let feeds: Values = { images: new Float32Array(batch * 3 * size * size).fill(0.5) };
    let featureDifference: number | null = null;
    if (python) {
      const file = join(folder, 'start.safetensors');
      for (const format of formats) {
        const options = { architecture, stem, size, width, batch, format, threads };
        peers.push(await open(python, { script: './pytorch/step.py', options }));
      }
      await peers[0]!.ask({ save: file });
      const { tensors } = decodeSafetensors(readFileSync(file));
      for (const [key, { data }] of Object.entries(tensors))
        if (key in state) state[key] = data as Float32Array;
      feeds = { images: tensors.images!.data as Float32Array };
      await executable.writeState(state);
      const own = (await executable.run(feeds)).features as Float32Array;
      const theirs: number[][] = [];
      for (const peer of peers)
        theirs.push(((await peer.ask({ features: file })) as { features: number[] }).features);
      featureDifference = differenceOf(own, theirs[0]!);
      if (!(featureDifference < TOLERANCE)) {
        throw new Error(`${name}: our features differ from PyTorch's by ${featureDifference} of the largest`);
      }
    } else await executable.writeState(state);
    const passes = (peer: Peer) => async (times: number) =>
      ((await peer.ask({ infer: times })) as { ms: number[] }).ms;
    const standing = await takeTurns(
      contender('likeness', () => executable.run(feeds)),
      peers.map((peer, i) => ({ name: formats[i]!, run: passes(peer) })),
      { rounds },
    );
    return { name, ...speedsOf(standing, batch), featureDifference };
  });
}
