/** Runs a method's work before an epoch, and serves its requests. */

import type { Engine, Executable } from '../backends/index.ts';
import type { Communicator } from '../collectives/index.ts';
import type { Program } from '../compile/index.ts';
import { plural } from '../core/text.ts';
import {
  type FilledBatch,
  filled,
  type ImageBatch,
  joinRows,
  runBatches,
} from '../encoders/index.ts';
import type { EpochWork, PhaseResult } from '../methods/index.ts';
import type { CropValues, Loader } from '../views/index.ts';
import { type Part, rowsOfRanks } from './ranks.ts';
import type { Stages } from './stages.ts';

/**
 * Evaluation views `[b, 3, s, s]`, or stored features `[b, D]`, in the order of the trained images;
 * the last batch may be smaller.
 */
export type EvaluationImages = (shape: EvaluationShape) => AsyncIterable<ImageBatch>;

export interface EvaluationShape {
  /** Side of the views, in pixels. */
  size: number;
  batchSize: number;
  /** Images that are wanted, by their order. Default: all. */
  part?: Part;
}

export interface WorkOptions {
  engine: Engine;
  /** The state of the run. */
  state: Pick<Stages, 'readState'>;
  loader: Loader<CropValues>;
  evaluationImages: EvaluationImages;
  images: number;
  epoch: number;
  seed: number;
  /** Ranks that share the work. */
  communicator?: Communicator | undefined;
  onProgress(what: string): void;
  signal?: AbortSignal;
}

/** Does work before an epoch; the caller writes what it returns into the state. */
export async function runWork(work: EpochWork, options: WorkOptions): Promise<PhaseResult> {
  const { engine, state, loader, evaluationImages, images, epoch, seed, onProgress, signal } =
    options;
  const { communicator } = options;

  /** Compiles a program with its part of the run's state while `use` runs. */
  async function withProgram<T>(
    program: Program,
    use: (executable: Executable) => Promise<T>,
  ): Promise<T> {
    const executable = await engine.compile(program);
    try {
      const names = (program.state ?? []).map(
        ({ current }) => current.node.attributes.name as string,
      );
      await executable.writeState(await state.readState(names));
      return await use(executable);
    } finally {
      await executable.dispose();
    }
  }
  const features = (program: Program, { batchSize, size }: { batchSize: number; size: number }) =>
    withProgram(program, (executable) =>
      rowsOfRanks(
        { communicator, count: images, batchSize, ...(signal && { signal }) },
        async (part) => {
          const batches = filled(evaluationImages({ size, batchSize, part }), batchSize);
          const outputs = runBatches(batches, (inputs) => executable.run(inputs), { signal });
          const count = part.to - part.from;
          const { features } = await joinRows(outputs, {
            count,
            onRows: (done) => onProgress(`features of ${done} of ${plural(count, 'image')}`),
          });
          return features!;
        },
      ),
    );
  const views = (program: Program) =>
    withProgram(program, (executable) => {
      const outputs = runBatches(viewBatches(loader, images), (inputs) => executable.run(inputs), {
        signal,
      });
      return joinRows(outputs, {
        count: images,
        onRows: (done) => onProgress(`views of ${done} of ${plural(images, 'image')}`),
      });
    });

  return work({
    engine,
    epoch,
    seed,
    images,
    readState: state.readState,
    features,
    views,
    onProgress,
    signal,
  });
}

/**
 * Random views of all images as inputs `crops.<g>`; rows that fill the last batch up belong to no
 * image.
 */
async function* viewBatches(
  loader: Loader<CropValues>,
  images: number,
): AsyncGenerator<FilledBatch> {
  let done = 0;
  for await (const { crops, positions } of loader.pass()) {
    const batchSize = positions.length;
    const rows = Math.min(batchSize, images - done);
    done += rows;
    yield {
      batchSize,
      rows,
      inputs: Object.fromEntries(crops.map((pixels, g) => [`crops.${g}`, pixels])),
    };
  }
}
