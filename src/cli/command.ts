/**
 * Commands as data, from which the parser, `--help` and the pages of the documentation are made.
 */
import type { Terminal } from './terminal.ts';

export interface ArgumentSpec {
  /** Name as printed, such as `source`. */
  name: string;
  description: string;
  /** Default `one`. */
  count?: 'one' | 'many' | 'optional';
}

/** Form of an argument in a usage line, such as `<image...>`. */
export function argumentForm(name: string, count: ArgumentSpec['count'] = 'one'): string {
  return { one: `<${name}>`, many: `<${name}...>`, optional: `[${name}]` }[count];
}

export interface OptionSpec {
  /**
   * Form that commander reads, such as `-k, --clusters <K>`. Options without a value are switches.
   */
  flags: string;
  description: string;
  /** Another name of the option with the same value, which the help does not list. */
  alias?: string;
  /** Leaves the option out of the help and the documentation. */
  hidden?: boolean;
  /** Printed in the help where it is not obvious. */
  default?: string;
  /** Marks an option that may be given several times. */
  repeat?: 'once' | 'many';
  /** Parses the text; throws a LikenessError that names the flag. */
  parse?(text: string): unknown;
}

export interface Example {
  command: string;
  meaning: string;
}

export type CommandOptions = Readonly<Record<string, unknown>>;

export interface Command {
  name: string;
  /** Single sentence. */
  summary: string;
  /** Further text for the help and the documentation. */
  details?: string;
  arguments: readonly ArgumentSpec[];
  options: readonly OptionSpec[];
  /**
   * Ranks that do its work where a launcher of MPI has started several: the first one (default), or
   * all together.
   */
  ranks?: 'first' | 'all';
  examples: readonly Example[];
  /**
   * Does the work. `--json` prints the returned object, which is the command's contract for
   * scripts.
   */
  run(args: readonly string[], options: CommandOptions, terminal: Terminal): Promise<object>;
}
