/** Training as `likeness train` reports it. */
import { resolve } from 'node:path';
import { displayPath, showCount, showDuration } from '../core/text.ts';
import { openImages } from '../data/index.ts';
import { parseAssignments, type Settings, type SettingsInput } from '../methods/index.ts';
import { trainRun as run, type TrainRequest as SessionRequest, type TrainResult } from '../train/index.ts';
import { type Terminal, terminalReporter } from './terminal.ts';

export interface TrainRequest extends Omit<SessionRequest, 'settings'> {
  source: string;
  /** Settings as `key=value`. */
  set?: readonly string[];
}

/** Object that `train --json` prints. */
export interface TrainReport {
  /** Absolute path of the run folder. */
  readonly run: string;
  readonly outcome: TrainResult['outcome'];
  readonly preset: string;
  readonly images: number;
  readonly skipped: number;
  readonly steps: number;
  readonly totalSteps?: number;
  readonly loss?: number;
  readonly health: TrainResult['verdict']['health'];
  readonly seconds: number;
  readonly settings: Settings;
}

/** Trains and returns what `train --json` prints. */
export async function trainRun(
  { source, set = [], ...request }: TrainRequest,
  terminal: Terminal,
): Promise<TrainReport> {
  const settings = parseAssignments([...set]) as SettingsInput;
  const images = await openImages(source);
  try {
    const reporter = terminalReporter(terminal);
    const { outcome, training, verdict, folder, config, skipped } = await run(
      images,
      { ...request, settings },
      { reporter },
    );
    terminal.endProgress();
    const { step, totalSteps, seconds, doctor } = training;
    const where = displayPath(folder.path);
    if (outcome === 'interrupted') {
      terminal.warn(`stopped at step ${showCount(step)}, with everything saved. Resume with:`);
      terminal.warn(`  likeness train ${source} --out ${where} --resume`);
    } else {
      terminal.say(
        `trained ${showCount(step)} steps in ${showDuration(seconds)}; ${verdict.message || verdict.health}`,
      );
      terminal.say(`run folder: ${where}`);
      terminal.say(`next: likeness cluster ${source} --run ${where}`);
    }
    return {
      run: resolve(folder.path),
      outcome,
      preset: config.preset,
      images: config.images,
      skipped,
      steps: step,
      totalSteps,
      loss: doctor?.loss,
      health: verdict.health,
      seconds,
      settings: config.settings,
    };
  } finally {
    await images.close();
  }
}
