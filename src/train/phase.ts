/** The phase before an epoch: it gives a method what it asks for and puts back what the method returns. */
import { type Features, featuresOf } from '../cluster/index.ts';
import type { EpochPhase, PhaseResult } from '../methods/index.ts';
import type { Engine, Executable, Program, Values } from '../runtime/index.ts';
import type { EvaluationBatch, Loader } from '../views/index.ts';

/** Images in their evaluation view, in the order of positions: `[B, 3, s, s]`, the last batch with what is left. */
export type EvaluationImages = (shape: { size: number; batchSize: number }) => AsyncIterable<EvaluationBatch>;

export interface PhaseOptions {
  engine: Engine;
  /** The compiled step, whose state is read and written. */
  step: Executable;
  phase: EpochPhase;
  loader: Loader;
  evaluationImages: EvaluationImages;
  images: number;
  epoch: number;
  seed: number;
  onProgress(what: string): void;
  signal?: AbortSignal;
}

/** Runs a phase and writes what it returns into the step's state. */
export async function runPhase(options: PhaseOptions): Promise<PhaseResult> {
  const { engine, step, phase, loader, evaluationImages, images, epoch, seed, onProgress, signal } = options;

  /** A program with its part of the step's state, for as long as `use` runs. */
  async function withProgram<T>(program: Program, use: (executable: Executable) => Promise<T>): Promise<T> {
    const executable = await engine.compile(program);
    try {
      const names = (program.state ?? []).map(({ current }) => current.node.attributes.name as string);
      await executable.writeState(await step.readState(names));
      return await use(executable);
    } finally {
      await executable.dispose();
    }
  }
  const features = (program: Program, { batchSize, size }: { batchSize: number; size: number }) =>
    withProgram(program, async (executable) => {
      let data: Float32Array | undefined;
      let done = 0;
      let padded = new Uint8Array(0);
      for await (const { images: rows, pixels } of evaluationImages({ size, batchSize })) {
        signal?.throwIfAborted();
        if (padded.length === 0) padded = new Uint8Array((pixels.length / rows.length) * batchSize);
        // The last batch is filled up with what was there before: rows do not see each other in evaluation mode.
        padded.set(pixels);
        const out = (await executable.run({ images: padded })).features as Float32Array;
        const D = out.length / batchSize;
        data ??= new Float32Array(images * D);
        data.set(out.subarray(0, rows.length * D), done * D);
        done += rows.length;
        onProgress(`features of ${done} of ${images} images`);
      }
      return featuresOf(data!, data!.length / images);
    });
  const views = (program: Program) =>
    withProgram(program, async (executable) => {
      const data: Record<string, Float32Array> = {};
      let done = 0;
      for await (const { crops, positions } of loader.pass()) {
        signal?.throwIfAborted();
        const feeds: Values = Object.fromEntries(crops.map((pixels, g) => [`crops.${g}`, pixels]));
        for (const [name, out] of Object.entries(await executable.run(feeds))) {
          const D = out.length / positions.length;
          data[name] ??= new Float32Array(images * D);
          const rows = Math.min(positions.length, images - done);
          data[name].set((out as Float32Array).subarray(0, rows * D), done * D);
        }
        done += positions.length;
        onProgress(`views of ${Math.min(done, images)} of ${images} images`);
      }
      return Object.fromEntries(
        Object.entries(data).map(([name, values]): [string, Features] => [
          name,
          featuresOf(values, values.length / images),
        ]),
      );
    });

  const result = await phase.run({
    engine,
    epoch,
    seed,
    images,
    readState: (names) => step.readState(names),
    features,
    views,
    onProgress,
    signal,
  });
  await step.writeState(result.state);
  return result;
}
