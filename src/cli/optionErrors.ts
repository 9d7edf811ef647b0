/** Messages of the library in the words of the command line. */
import { Option } from 'commander';
import { LikenessError } from '../core/errors.ts';
import type { OptionSpec } from './command.ts';

type Options = readonly Pick<OptionSpec, 'flags'>[];

/**
 * Rewrites option names in a message as flags, such as `epochs` as `--epochs`.
 *
 * The library names options in backticks, and at the start of an error before its first colon.
 */
export function messageWithFlags(message: string, options: Options): string {
  const flags = flagsByName(options);
  const [, names, rest] = /^((?:\w+(?:, | and ))*\w+)(:.*)$/s.exec(message) ?? [];
  const known = names?.split(/, | and /).every((name) => flags.has(name));
  const opened = known ? `${names!.replace(/\w+/g, (name) => flags.get(name) ?? name)}${rest}` : message;
  return opened.replace(/`(\w+)`/g, (quoted, name: string) => flags.get(name) ?? quoted);
}

/** Rewrites an error of the library. Codes that begin with `option.` become `flag.`. */
export function errorWithFlags(error: LikenessError, options: Options): LikenessError {
  const code = error.code.replace(/^option\./, 'flag.');
  return new LikenessError(code, messageWithFlags(error.message, options), { cause: error.cause });
}

/** Maps `epochs` to `--epochs`, `settings` to `--set`, and the short form `k` to `-k`. */
function flagsByName(options: Options): ReadonlyMap<string, string> {
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
