/** `likeness tune`: the fastest kernels of the convolutions on this machine. */
import { plural, showCount, showDuration } from '../core/text.ts';
import {
  defaultMethod,
  type KernelChoice,
  methodNames,
  parseSettings,
  presets,
  tune,
} from '../likeness.ts';
import type { Command } from './command.ts';
import { oneOf } from './parse.ts';
import { assignments } from './text.ts';

export const tuneCommand: Command = {
  name: 'tune',
  summary:
    'Measures the fastest kernel of each convolution on this machine, and shows the choices.',
  details:
    'A convolution and its gradients can be computed by several kernels, and the fastest ' +
    'depends on sizes and processor. Training measures unknown ones before its first step. ' +
    'This command does the same for a preset and shows the choices. Choices are remembered ' +
    'on the machine, per processor, number of threads and version of the runtime. A run ' +
    'stores its own in plan.json. Times are shown for choices that were measured just now.',
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
      default: `${defaultMethod}, or the preset's`,
      parse: oneOf('--method', methodNames),
    },
    {
      flags: '--set <key=value>',
      description: 'change a setting; may be given several times',
      repeat: 'many',
    },
    { flags: '--again', description: 'forget the choices of this machine and measure again' },
  ],
  examples: [
    { command: 'likeness tune', meaning: 'the kernels of a training step on small images' },
    {
      command: 'likeness tune --preset multicrop-96 --again',
      meaning: 'measure another preset again, after a change of the machine',
    },
  ],
  async run(_args, { set, ...options }, terminal) {
    const settings = await parseSettings(assignments('--set', set as string[]), {
      ...options,
      ...terminal.watch,
    });
    const { choices, ...result } = await tune({ ...options, settings, ...terminal.watch });
    const { preset, method, threads, measured, seconds } = result;
    terminal.endProgress();
    for (const line of linesOf(choices)) terminal.say(line);
    const origin =
      measured === 0
        ? 'all remembered'
        : `${showCount(measured)} measured in ${showDuration(seconds)}, the rest remembered`;
    terminal.say(
      `${plural(choices.length, 'choice')} for ${method}, ${preset}, ${plural(threads, 'thread')}: ${origin}`,
    );
    return { ...result, formulations: choices };
  },
};

/** Formats a block of lines per operator, with the choice and the times of the others. */
function linesOf(choices: readonly KernelChoice[]): string[] {
  const operators = [...new Set(choices.map(({ operator }) => operator))];
  return operators.flatMap((operator) => {
    const own = choices.filter((entry) => entry.operator === operator);
    const shapes = own.map((entry) => entry.shapes.join(' * '));
    const width = Math.max(...shapes.map((text) => text.length));
    const longest = Math.max(...own.map(({ chosen }) => chosen.length));
    return [
      `${operator}:`,
      ...own.map(({ attributes, chosen, milliseconds }, i) => {
        const stride = /stride=(\d+)/.exec(attributes)?.[1] ?? '1';
        const shown = Object.entries(milliseconds ?? {}).map(
          ([name, ms]) => `${name} ${ms.toFixed(1)}`,
        );
        return `  ${shapes[i]!.padEnd(width)}  stride ${stride}  ${chosen.padEnd(longest)}  ${shown.join(', ')}`.trimEnd();
      }),
    ];
  });
}
