/** What a command is: data from which the parser, `--help`, and the pages of the documentation are made. */
import type { Terminal } from './terminal.ts';

export interface ArgumentSpec {
  /** As shown: `source`. */
  name: string;
  description: string;
  count?: 'one' | 'many';
}

export interface OptionSpec {
  /** As commander reads them: `-k, --clusters <K>`. Options without a value are switches. */
  flags: string;
  description: string;
  /** Shown in the help where it is not obvious. */
  default?: string;
  /** May be given several times or with several values. */
  repeat?: 'once' | 'many';
  /** Turns the text into a value; throws a LikenessError that names the flag. */
  parse?(text: string): unknown;
}

export interface Example {
  command: string;
  meaning: string;
}

export type CommandOptions = Readonly<Record<string, unknown>>;

export interface Command {
  name: string;
  /** One sentence. */
  summary: string;
  /** More, for the help and the documentation. */
  details?: string;
  arguments: readonly ArgumentSpec[];
  options: readonly OptionSpec[];
  examples: readonly Example[];
  /** Does the work; what it returns is printed by `--json` and is the command's contract for scripts. */
  run(args: readonly string[], options: CommandOptions, terminal: Terminal): Promise<object>;
}
