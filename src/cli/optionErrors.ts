/** Messages of the library in the words of the command line. */
import { Option } from 'commander';
import { LikenessError } from '../core/errors.ts';
import type { OptionSpec } from './command.ts';
import { commandOfCall, type GivenPaths } from './nextCommand.ts';

/** Command line that a message is about. */
export interface CommandLine {
  readonly options: readonly Pick<OptionSpec, 'flags'>[];
  readonly paths?: GivenPaths;
}

/**
 * Rewrites option names in a message as flags, such as `epochs` as `--epochs`, and calls of the
 * library as commands, such as `model.cluster(images)` as "likeness cluster photos --run runs/a".
 *
 * The library puts both in backticks, and names options at the start of an error before its first
 * colon.
 */
export function messageWithFlags(message: string, { options, paths }: CommandLine): string {
  const flags = flagsByName(options);
  const [, names, rest] = /^((?:\w+(?:, | and ))*\w+)(:.*)$/s.exec(message) ?? [];
  const known = names?.split(/, | and /).every((name) => flags.has(name));
  const opened = known
    ? `${names!.replace(/\w+/g, (name) => flags.get(name) ?? name)}${rest}`
    : message;
  return opened.replace(/`([^`\n]+)`/g, (quoted, code: string) => {
    const [, name, value] = /^(\w+)(?:: '(\w+)')?$/.exec(code) ?? [];
    const flag = name === undefined ? undefined : flags.get(name);
    if (flag !== undefined) return value === undefined ? flag : `${flag} ${value}`;
    return commandOfCall(code, paths) ?? quoted;
  });
}

/** Rewrites an error of the library. Codes that begin with `option.` become `flag.`. */
export function errorWithFlags(error: LikenessError, line: CommandLine): LikenessError {
  const code = error.code.replace(/^option\./, 'flag.');
  return new LikenessError(code, messageWithFlags(error.message, line), { cause: error.cause });
}

/** Maps `epochs` to `--epochs`, `settings` to `--set`, and the short form `k` to `-k`. */
function flagsByName(options: CommandLine['options']): ReadonlyMap<string, string> {
  return new Map(
    options.flatMap(({ flags }) => {
      const option = new Option(flags);
      const { long, short } = option;
      const name = option.attributeName();
      const flag = long ?? short!;
      const pairs: [string, string][] = [[name, flag]];
      if (short) pairs.push([short.slice(1), short]);
      if (name === 'set') pairs.push(['settings', flag]);
      return pairs;
    }),
  );
}
