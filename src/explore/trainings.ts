/** Trainings that the page starts, one at a time, as runs beside the one that is open. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LikenessError } from '../core/errors.ts';
import type { Reporter } from '../core/reporter.ts';
import { silent } from '../core/reporter.ts';
import { checkTraining } from '../library/train.ts';
import { factsForTraining, offerOf, trainingChoices } from '../library/trainingOffer.ts';
import type { ImageFacts } from '../methods/index.ts';
import type { Explorer } from './explorer.ts';
import { type OpenedRun, openForPage } from './openedRun.ts';
import { moved } from './pictures.ts';
import type { JobAnswer } from './protocol.ts';
import type { SourceImages } from './sourceImages.ts';
import type { TrainTask } from './trainMessages.ts';
import { trainInProcess } from './trainProcess.ts';
import type { ChosenTraining, TrainOffer, TrainRequest } from './trainProtocol.ts';

export interface Trainings {
  /**
   * Judges a training of a method and a recipe.
   *
   * @throws LikenessError `source.missing`, `method.unknown`, `preset.*`
   */
  offer(chosen?: Pick<ChosenTraining, 'method' | 'preset'>): Promise<TrainOffer>;
  /**
   * Starts a training.
   *
   * @throws LikenessError `explore.training`, `source.missing`, and those of `checkTraining`
   */
  start(request: TrainRequest): JobAnswer;
}

/** Trains a task, and calls `onBegun` once the run has its first files. */
export type TrainFunction = (options: {
  readonly task: TrainTask;
  readonly reporter: Reporter;
  onBegun(): void;
}) => Promise<'finished' | 'interrupted'>;

interface Running {
  job: number;
  readonly out: string;
  hasBegun: boolean;
}

/**
 * @param cwd folder in whose folder `runs` new runs are made
 * @param train replaces the process in tests
 */
export function openTrainings(
  explorer: Explorer,
  { cwd = process.cwd(), train = trainInProcess }: { cwd?: string; train?: TrainFunction } = {},
): Trainings {
  let running: Running | undefined;
  const measured = new WeakMap<SourceImages, Promise<ImageFacts>>();

  function factsOf(source: SourceImages): Promise<ImageFacts> {
    const known = measured.get(source) ?? factsForTraining(source.images, silent);
    measured.set(source, known);
    known.catch(() => measured.delete(source));
    return known;
  }
  return {
    async offer(chosen) {
      const { folder, source, sourcePath } = explorer.current();
      if (!source) throw moved(sourcePath);
      const judged = offerOf(await factsOf(source), chosen);
      const offer = { ...judged, choices: trainingChoices() };
      if (!running) return offer;
      const { job, out, hasBegun } = running;
      const isOpen = folder !== undefined && resolve(folder.path) === out;
      return { ...offer, running: { job, run: nameOf(out), hasBegun, isOpen } };
    },
    start(request) {
      const opened = explorer.current();
      if (running) {
        throw new LikenessError(
          'explore.training',
          `${nameOf(running.out)} is being trained, and there is one training at a time. Wait ` +
            'for its end, or stop it.',
        );
      }
      const task = taskOf(opened, request, cwd);
      const own: Running = { job: 0, out: task.out, hasBegun: false };
      running = own;
      const job = explorer.job('train', 'preparing the training', async (reporter) => {
        try {
          const onBegun = () => {
            own.hasBegun = true;
          };
          const outcome = await train({ task, reporter, onBegun });
          if (outcome === 'interrupted') {
            return { text: `${nameOf(own.out)} was stopped and is saved. It can be resumed.` };
          }
          await showAgain(explorer, own.out);
          return { text: `${nameOf(own.out)} is trained, and its images are clustered.` };
        } finally {
          running = undefined;
        }
      });
      own.job = job.id;
      return job;
    },
  };
}

/** Reads the opened run again where it is the one that was trained. */
async function showAgain(explorer: Explorer, out: string): Promise<void> {
  const { folder } = explorer.current();
  if (folder && resolve(folder.path) === out) await explorer.show(await openForPage(out));
}

function taskOf(opened: OpenedRun, request: TrainRequest, cwd: string): TrainTask {
  const { folder, config, source, sourcePath } = opened;
  if (!source) throw moved(sourcePath);
  if (!('resume' in request)) {
    checkTraining(request);
    const out = freeFolder(join(cwd, 'runs'), source.images.name);
    return {
      ...{ source: sourcePath, out, chosen: request },
      ...(folder && { like: resolve(folder.path) }),
    };
  }
  if (!folder || config?.kind !== 'trained') {
    throw new LikenessError('explore.noTraining', 'The run has an encoder without training.');
  }
  return { source: sourcePath, out: resolve(folder.path) };
}

/** First free name of a run in a folder, such as `2026-05-04-train-photos`. */
function freeFolder(folder: string, source: string): string {
  const date = new Date().toISOString().slice(0, 10);
  const name = source.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 60) || 'images';
  const first = resolve(folder, `${date}-train-${name}`);
  for (let n = 1; ; n++) {
    const path = n === 1 ? first : `${first}-${n}`;
    if (!existsSync(path)) return path;
  }
}

function nameOf(path: string): string {
  return path.split(/[/\\]/).at(-1)!;
}
