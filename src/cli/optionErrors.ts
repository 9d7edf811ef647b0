/** Errors of the library in the words of the command line. */
import { Option } from 'commander';
import { LikenessError } from '../core/errors.ts';
import type { OptionSpec } from './command.ts';

/**
 * Rewrites option names as flags, such as `epochs` as `--epochs`.
 *
 * The library names options at the start of a message, before the first colon, and in backticks. Codes
 * that begin with `option.` become `flag.`.
 */
export function withFlags(
  error: LikenessError,
  options: readonly Pick<OptionSpec, 'flags'>[],
): LikenessError {
  const flags = new Map(
    options.flatMap(({ flags: text }) => {
      const option = new Option(text);
      const shortName = option.short?.slice(1);
      return [
        [option.attributeName(), option.long ?? option.short!] as const,
        ...(shortName ? [[shortName, option.short!] as const] : []),
      ];
    }),
  );
  const [, names, rest] = /^((?:\w+(?:, | and ))*\w+)(:.*)$/s.exec(error.message) ?? [];
  const known = names?.split(/, | and /).every((name) => flags.has(name));
  const opened = known
    ? `${names!.replace(/\w+/g, (name) => flags.get(name) ?? name)}${rest}`
    : error.message;
  const message = opened.replace(/`(\w+)`/g, (quoted, name: string) => flags.get(name) ?? quoted);
  return new LikenessError(error.code.replace(/^option\./, 'flag.'), message, { cause: error.cause });
}
