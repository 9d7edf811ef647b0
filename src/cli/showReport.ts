/** `--open` and `--no-open`: whether the browser shows the report of a command. */
import { reasonOf } from '../core/errors.ts';
import { displayPath } from '../core/text.ts';
import type { OptionSpec } from './command.ts';
import { hasDesktop, openCommand, openFile, type Surroundings } from './desktop.ts';
import { shellWord } from './invocation.ts';
import type { Terminal } from './terminal.ts';

export const openOptions: readonly OptionSpec[] = [
  { flags: '--open', description: 'open the report in the browser', default: 'on a desktop' },
  { flags: '--no-open', description: 'leave the browser alone' },
];

export interface ShowReportOptions {
  /** Opens the report or does not. Default: opens it at a terminal on a machine with a desktop. */
  open?: boolean;
  /** Default: those of the process. */
  surroundings?: Surroundings;
  /** Opens a file. Default: with the program that the desktop has for it. */
  opener?: (file: string, platform: NodeJS.Platform) => Promise<void>;
}

/**
 * Opens a report in the browser, or tells how where `open` is false.
 *
 * A browser that cannot be started costs a warning with the command to type, not the results.
 */
export async function showReport(
  report: string,
  { open, surroundings = currentSurroundings(), opener = openFile }: ShowReportOptions,
  terminal: Pick<Terminal, 'json' | 'say' | 'warn'>,
): Promise<void> {
  const { platform } = surroundings;
  const desktop = !terminal.json && hasDesktop(surroundings);
  if (open ?? desktop) {
    await opener(report, platform).then(
      () => terminal.say(`Opened in the browser: ${displayPath(report)}`),
      (error: unknown) =>
        terminal.warn(`could not open ${displayPath(report)} in the browser: ${reasonOf(error)}`),
    );
  } else if (desktop) {
    const words = openCommand(displayPath(report), platform).map((word) =>
      shellWord(word, platform),
    );
    terminal.say(`Open the report with:  ${words.join(' ')}`);
  }
}

function currentSurroundings(): Surroundings {
  const { platform, env, stdout } = process;
  return { platform, env, isTTY: stdout.isTTY === true };
}
