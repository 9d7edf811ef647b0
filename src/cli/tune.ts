/** `likeness tune`: which formulations of the convolutions this machine runs fastest, measured and shown. */
import { availableParallelism } from 'node:os';
import { openEngine, runtimeVersion } from '../backends/index.ts';
import { showCount, showDuration } from '../core/text.ts';
import { defaultCacheDir } from '../data/index.ts';
import {
  type MethodName,
  methodNames,
  methodProgram,
  parseAssignments,
  presets,
  type SettingsInput,
  settingsFor,
} from '../methods/index.ts';
import { openPlanStore } from '../run/index.ts';
import type { Command } from './command.ts';
import { oneOf } from './parse.ts';

/** Images that the step is made for: banks of methods that have one are that long, and convolutions do not hang on it. */
const IMAGES = 1024;

interface Formulation {
  /** `conv2d`, `conv2dInputGradient` or `conv2dFilterGradient`. */
  operator: string;
  /** Shapes that it works on, and its attributes. */
  shapes: string[];
  attributes: string;
  chosen: string;
  /** Milliseconds of each, where they were measured just now. */
  milliseconds?: Readonly<Record<string, number>>;
}

export const tuneCommand: Command = {
  name: 'tune',
  summary:
    'Measures which formulation of each convolution is fastest on this machine, and shows the choices.',
  details:
    'A convolution and its gradients can be computed in several ways, and which is fastest depends on sizes and processor. Training measures what it does not know yet before its first step; this does the same for a preset, and shows what was chosen. Choices are remembered on the machine, per processor, number of threads and version of the runtime; a run keeps its own in plan.json. The times of a choice are shown when it has just been measured.',
  arguments: [],
  options: [
    {
      flags: '--preset <name>',
      description: `encoder, views and batch: ${Object.keys(presets).join(', ')}`,
      default: 'small-32',
    },
    {
      flags: '--method <name>',
      description: `method: ${methodNames.join(', ')}`,
      default: "swav, or the preset's",
      parse: oneOf('--method', methodNames),
    },
    {
      flags: '--set <key=value>',
      description: 'change a setting; may be given several times',
      repeat: 'many',
    },
    { flags: '--again', description: 'forget what is remembered on this machine, and measure anew' },
  ],
  examples: [
    { command: 'likeness tune', meaning: 'what a training step on small pictures is made of here' },
    {
      command: 'likeness tune --preset multicrop-96 --again',
      meaning: 'measure another preset anew, after a change of the machine',
    },
  ],
  async run(_args, { preset = 'small-32', method, set = [], again }, terminal) {
    const settings = settingsFor(
      preset as string,
      {
        ...parseAssignments(set as string[]),
        ...(method ? { method: method as MethodName } : {}),
      } as SettingsInput,
    );
    const threads = settings.threads || availableParallelism();
    const store = openPlanStore(defaultCacheDir(), { threads, runtime: runtimeVersion });
    if (again === true) store.forget();
    const images = Math.max(IMAGES, settings.batchSize);
    const { program } = methodProgram(settings, { images, extra: undefined });
    const engine = await openEngine({ threads, tuning: 'measure', remembered: store });
    const times = new Map<string, Readonly<Record<string, number>>>();
    const begun = performance.now();
    try {
      terminal.progress('measuring formulations');
      const executable = await engine.compile(program, {
        onTimed(key, milliseconds) {
          times.set(key, milliseconds);
          terminal.progress(`measuring formulations: ${showCount(times.size)} done`);
        },
      });
      const formulations = Object.entries(executable.plan).map(([key, chosen]): Formulation => {
        const [operator, ...rest] = key.split('|');
        return {
          ...{ operator: operator!, shapes: rest.slice(0, -1), attributes: rest.at(-1)!, chosen },
          milliseconds: times.get(key),
        };
      });
      await executable.dispose();
      const seconds = (performance.now() - begun) / 1000;
      terminal.endProgress();
      for (const line of linesOf(formulations)) terminal.say(line);
      const measured =
        times.size === 0
          ? 'all remembered'
          : `${showCount(times.size)} measured in ${showDuration(seconds)}, the rest remembered`;
      terminal.say(
        `${showCount(formulations.length)} choices for ${settings.method}, ${preset}, ${threads} threads: ${measured}`,
      );
      return { preset, method: settings.method, threads, measured: times.size, seconds, formulations };
    } finally {
      await engine.close();
    }
  },
};

/** A block of lines per operator, the choice first and the times behind it. */
function linesOf(formulations: readonly Formulation[]): string[] {
  const operators = [...new Set(formulations.map(({ operator }) => operator))];
  return operators.flatMap((operator) => {
    const own = formulations.filter((entry) => entry.operator === operator);
    const shapes = own.map((entry) => entry.shapes.join(' * '));
    const width = Math.max(...shapes.map((text) => text.length));
    const longest = Math.max(...own.map(({ chosen }) => chosen.length));
    return [
      `${operator}:`,
      ...own.map(({ attributes, chosen, milliseconds }, i) => {
        const stride = /stride=(\d+)/.exec(attributes)?.[1] ?? '1';
        const shown = Object.entries(milliseconds ?? {}).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
        return `  ${shapes[i]!.padEnd(width)}  stride ${stride}  ${chosen.padEnd(longest)}  ${shown.join(', ')}`.trimEnd();
      }),
    ];
  });
}
