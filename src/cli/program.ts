/** Parses a command line, runs its command, and returns the exit code. */
import { CommanderError, Option, Command as Parser } from 'commander';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { version } from '../core/version.ts';
import { argumentForm, type Command, type OptionSpec } from './command.ts';
import { commands } from './commands.ts';
import { pathsOf } from './nextCommand.ts';
import { errorWithFlags, messageWithFlags } from './optionErrors.ts';
import { createTerminal } from './terminal.ts';

/** Exit codes: 0 success, 1 failure, 2 wrong use, 130 interrupted, 141 output closed (SIGPIPE). */
const FAILURE = 1;
const WRONG_USE = 2;
const INTERRUPTED = 130;
const OUTPUT_CLOSED = 141;

/**
 * Runs one command line to its end and returns the process's exit code.
 *
 * @param outputClosed aborted when nobody reads the output any more. A running command then saves
 * and ends as after Ctrl-C.
 */
export async function runCommandLine(
  argv: readonly string[],
  { outputClosed = new AbortController().signal }: { outputClosed?: AbortSignal } = {},
): Promise<number> {
  let code = 0;
  const parser = new Parser('likeness')
    .description('Trains an image encoder on a folder of unlabeled images and clusters them.')
    .version(version, '--version', 'print the version')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('(add --help for the options)');
  for (const command of commands) {
    addCommand(parser, command, async (args, options) => {
      code = await execute(command, args, { options, outputClosed });
    });
  }
  try {
    await parser.parseAsync(argv, { from: 'user' });
    if (argv.length === 0) parser.outputHelp();
  } catch (error) {
    // The parser has printed its own errors on stderr; those of a flag's parser are printed here.
    const refused = error instanceof CommanderError;
    if (refused && error.exitCode === 0) return 0;
    if (!refused) process.stderr.write(`error: ${reasonOf(error)}\n`);
    if (argv.includes('--json')) {
      const errorCode = refused || error instanceof LikenessError ? error.code : 'internal';
      const message = reasonOf(error).replace(/^error: /, '');
      process.stdout.write(`${JSON.stringify({ error: { code: errorCode, message } })}\n`);
    }
    return refused || error instanceof LikenessError ? WRONG_USE : FAILURE;
  }
  return code;
}

type Action = (args: string[], options: Record<string, unknown>) => Promise<void>;

function addCommand(parser: Parser, command: Command, action: Action): void {
  const sub = parser.command(command.name).summary(command.summary);
  sub.description([command.summary, command.details].filter(Boolean).join('\n\n'));
  for (const { name, description, count } of command.arguments) {
    sub.argument(argumentForm(name, count), description);
  }
  for (const spec of command.options) for (const option of optionsOf(spec)) sub.addOption(option);
  sub.option('--json', 'print one machine-readable object on stdout; lines for people go to stderr');
  const examples = command.examples.map(({ command: line, meaning }) => `  ${line}\n      ${meaning}`);
  sub.addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
  sub.action(async (...given: unknown[]) => {
    const options = withoutAliases(given.at(-2) as Record<string, unknown>, command);
    await action((given.slice(0, -2) as (string | string[])[]).flat(), options);
  });
}

/** The parser's options of a spec: its own, and its alias, which the help does not list. */
function optionsOf({ flags, alias, hidden, description, ...spec }: OptionSpec): Option[] {
  const { default: shown, repeat = 'once', parse } = spec;
  const made = (form: string) => {
    const option = new Option(form, shown ? `${description} (default: ${shown})` : description);
    if (repeat === 'many') {
      option.argParser((text, before: unknown[] | undefined) => [
        ...(before ?? []),
        parse ? parse(text) : text,
      ]);
    } else if (parse) option.argParser(parse);
    return option;
  };
  const own = made(flags).hideHelp(hidden === true);
  return alias === undefined ? [own] : [own, made(alias).hideHelp()];
}

/** Moves values that were given under an alias to the name of the option. */
function withoutAliases(
  options: Record<string, unknown>,
  { options: specs }: Command,
): Record<string, unknown> {
  const moved = { ...options };
  for (const { flags, alias } of specs) {
    if (alias === undefined) continue;
    const [name, other] = [flags, alias].map((form) => new Option(form).attributeName()) as [string, string];
    if (other in moved) moved[name] = moved[other];
    delete moved[other];
  }
  return moved;
}

/** Runs a command and prints its result or error. A second signal ends the process at once. */
async function execute(
  command: Command,
  args: readonly string[],
  { options: given, outputClosed }: { options: Record<string, unknown>; outputClosed: AbortSignal },
): Promise<number> {
  const { json, ...options } = given;
  const controller = new AbortController();
  const stop = () => controller.abort(new LikenessError('interrupted', 'nobody reads the output'));
  outputClosed.addEventListener('abort', stop);
  const interrupt = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort(new LikenessError('interrupted', `interrupted by ${signal}`));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const line = { options: command.options, paths: pathsOf(command, args, options) };
  const terminal = createTerminal({
    json: json === true,
    signal: controller.signal,
    rewrite: (message) => messageWithFlags(message, line),
  });
  try {
    const result = await command.run(args, options, terminal);
    terminal.endProgress();
    if (terminal.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    // A command that saved and stopped early on a signal has not finished its work.
    if (outputClosed.aborted) return OUTPUT_CLOSED;
    return controller.signal.aborted ? INTERRUPTED : 0;
  } catch (thrown) {
    if (outputClosed.aborted) return OUTPUT_CLOSED;
    terminal.endProgress();
    const error = thrown instanceof LikenessError ? errorWithFlags(thrown, line) : thrown;
    const interrupted = controller.signal.aborted;
    const known = error instanceof LikenessError;
    // Only an internal error prints its trace.
    const message = known
      ? error.message
      : interrupted
        ? 'interrupted'
        : ((error as Error)?.stack ?? String(error));
    if (terminal.json) {
      process.stdout.write(
        `${JSON.stringify({ error: { code: known ? error.code : 'internal', message } })}\n`,
      );
    }
    process.stderr.write(
      `${known || interrupted ? 'error' : 'internal error, please report it'}: ${message}\n`,
    );
    return interrupted ? INTERRUPTED : FAILURE;
  } finally {
    outputClosed.removeEventListener('abort', stop);
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
