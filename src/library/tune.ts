/** Measuring the kernels of a training step on this machine. */
import { availableParallelism } from 'node:os';
import { openEngine, runtimeVersion } from '../backends/index.ts';
import type { ReporterOptions } from '../core/reporter.ts';
import { showCount } from '../core/text.ts';
import { defaultCacheDir } from '../data/index.ts';
import {
  mergeSettings,
  methodNames,
  methodProgram,
  type SettingsPatch,
  settingsFor,
} from '../methods/index.ts';
import { openPlanStore } from '../run/index.ts';
import { reporterFor } from './images.ts';
import { checkOptions, flag, oneOf, path, settingsOption } from './options.ts';

export interface TuneOptions extends ReporterOptions {
  /** Recipe of encoder, views and batch. Default `small-32`. */
  preset?: string;
  /** Default: the preset's, or `simclr`. */
  method?: string;
  /** Settings that differ from the recipe. */
  settings?: SettingsPatch;
  /** Forgets earlier measurements and repeats them. */
  again?: boolean;
}

/** Kernel choice of one convolution or gradient. */
export interface KernelChoice {
  /** `conv2d`, `conv2dInputGradient` or `conv2dFilterGradient`. */
  readonly operator: string;
  /** Shapes of its operands. */
  readonly shapes: readonly string[];
  readonly attributes: string;
  readonly chosen: string;
  /** Milliseconds by kernel, where this call measured them. */
  readonly milliseconds?: Readonly<Record<string, number>>;
}

export interface TuneResult {
  readonly preset: string;
  readonly method: string;
  readonly threads: number;
  /** Number of choices that this call measured; the others were remembered. */
  readonly measured: number;
  readonly seconds: number;
  readonly choices: readonly KernelChoice[];
}

/**
 * Images that the step is made for. Memory banks have this length, and convolutions do not depend
 * on it.
 */
const IMAGES = 1024;

/**
 * Measures which kernel of each convolution is fastest on this machine, and remembers the choices.
 */
export async function tune(options: TuneOptions = {}): Promise<TuneResult> {
  checkOptions(
    { preset: path(), method: oneOf(methodNames), settings: settingsOption, again: flag },
    options,
  );
  const { preset = 'small-32', method, again = false } = options;
  const reporter = reporterFor(options);
  const settings = settingsFor(
    preset,
    mergeSettings(options.settings ?? {}, method ? { method: { name: method } } : {}),
  );
  const threads = settings.run.threads || availableParallelism();
  const store = openPlanStore(defaultCacheDir(), { threads, runtime: runtimeVersion });
  if (again) store.forget();
  const images = Math.max(IMAGES, settings.data.batchSize);
  const { steps } = methodProgram(settings, { images, extra: undefined });
  const engine = await openEngine({ threads, tuning: 'measure', remembered: store });
  const times = new Map<string, Readonly<Record<string, number>>>();
  const begun = performance.now();
  try {
    reporter.progress({ stage: 'tune', text: 'measuring kernels' });
    const plan: Record<string, string> = {};
    for (const { program } of steps) {
      const executable = await engine.compile(program, {
        signal: reporter.signal,
        onTimed(key, milliseconds) {
          times.set(key, milliseconds);
          const text = `measuring kernels: ${showCount(times.size)} done`;
          reporter.progress({ stage: 'tune', text, done: times.size });
        },
      });
      Object.assign(plan, executable.plan);
      await executable.dispose();
    }
    const choices = Object.entries(plan).map(([key, chosen]): KernelChoice => {
      const [operator, ...rest] = key.split('|');
      return {
        ...{ operator: operator!, shapes: rest.slice(0, -1), attributes: rest.at(-1)!, chosen },
        milliseconds: times.get(key),
      };
    });
    const seconds = (performance.now() - begun) / 1000;
    return {
      preset,
      method: settings.method.name,
      threads,
      measured: times.size,
      seconds,
      choices,
    };
  } finally {
    await engine.close();
  }
}
