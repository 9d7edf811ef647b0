/** Parses a command line, runs its command, and returns the exit code. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CommanderError, Option, Command as Parser } from 'commander';
import { LikenessError, reasonOf } from '../core/errors.ts';
import { forTerminal } from '../core/text.ts';
import { version } from '../core/version.ts';
import { launchedRank } from '../likeness.ts';
import { argumentForm, type Command, type OptionSpec } from './command.ts';
import { commands } from './commands.ts';
import { exitCodeOf, exitCodeOfSignal, exitCodes, OUTPUT_CLOSED } from './exitCodes.ts';
import { asTyped, programWords, typedCommand } from './invocation.ts';
import { pathsOf } from './nextCommand.ts';
import { errorWithFlags, messageWithFlags } from './optionErrors.ts';
import { watchSignals } from './signals.ts';
import { createTerminal, type Terminal } from './terminal.ts';

/**
 * Runs one command line to its end and returns the process's exit code.
 *
 * @param outputEnded aborted when output cannot be written any more. A running command then saves
 * and ends as after Ctrl-C, and the caller tells the reason.
 */
export async function runCommandLine(
  argv: readonly string[],
  { outputEnded = new AbortController().signal }: { outputEnded?: AbortSignal } = {},
): Promise<number> {
  let code = 0;
  const parser = new Parser(programWords())
    .description('Trains an image encoder on a folder of unlabeled images and clusters them.')
    .version(version, '--version', 'print the version')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
    .addHelpText('after', exitCodesHelp());
  for (const command of commands) {
    addCommand(parser, command, async (args, options) => {
      code = await execute(command, args, { options, typed: typedCommand(argv), outputEnded });
    });
  }
  try {
    await parser.parseAsync(argv, { from: 'user' });
    if (argv.length === 0) parser.outputHelp();
  } catch (error) {
    // The parser has printed its own errors on stderr; those of a flag's parser are printed here.
    const refused = error instanceof CommanderError;
    if (refused && error.exitCode === 0) return 0;
    if (!refused) process.stderr.write(`error: ${forTerminal(reasonOf(error))}\n`);
    if (argv.includes('--json')) {
      const errorCode = refused || error instanceof LikenessError ? error.code : 'internal';
      const message = reasonOf(error).replace(/^error: /, '');
      process.stdout.write(`${jsonLine({ error: { code: errorCode, message } })}\n`);
    }
    const isUse = refused || error instanceof LikenessError;
    return (isUse ? exitCodes.use : exitCodes.failure).code;
  }
  return code;
}

/** Lists the exit codes for scripts. */
function exitCodesHelp(): string {
  const lines = Object.values(exitCodes).map(({ code, meaning }) => `  ${code}  ${meaning}`);
  const signals = '128 and the number of the signal that ended it, such as 130 for Ctrl-C';
  return `\nExit codes:\n  0  success\n${lines.join('\n')}\n  ${signals}`;
}

type Action = (args: string[], options: Record<string, unknown>) => Promise<void>;

function addCommand(parser: Parser, command: Command, action: Action): void {
  const sub = parser.command(command.name).summary(command.summary);
  sub.description(typedHere([command.summary, command.details].filter(Boolean).join('\n\n')));
  for (const { name, description, count } of command.arguments) {
    sub.argument(argumentForm(name, count), description);
  }
  for (const spec of command.options) for (const option of optionsOf(spec)) sub.addOption(option);
  sub.option(
    '--json',
    'print one machine-readable object on stdout; lines for people go to stderr',
  );
  const examples = command.examples.map(
    ({ command: line, meaning }) => `  ${typedHere(line)}\n      ${typedHere(meaning)}`,
  );
  sub.addHelpText('after', `\nExamples:\n${examples.join('\n')}`);
  sub.action(async (...given: unknown[]) => {
    const options = withoutAliases(given.at(-2) as Record<string, unknown>, command);
    const args = (given.slice(0, -2) as (string | string[])[]).flat();
    for (const [i, text] of args.entries()) {
      // The last argument may be given several times, and an optional one is absent.
      const { name } = command.arguments[Math.min(i, command.arguments.length - 1)]!;
      if (text !== undefined) refuseEmpty(name, text);
    }
    await action(args, options);
  });
}

/** Writes the commands in a text of the help as they are typed here. */
function typedHere(text: string): string {
  return asTyped(
    text,
    commands.map(({ name }) => name),
  );
}

/** Refuses an empty value, which as a path would stand for the current folder. */
function refuseEmpty(name: string, text: string): void {
  if (text.trim() !== '') return;
  throw new LikenessError(
    'flag.empty',
    `${name}: received an empty text; expected a value. Check the variable that it comes from.`,
  );
}

/** The parser's options of a spec: its own, and its alias, which the help does not list. */
function optionsOf({ flags, alias, hidden, description, ...spec }: OptionSpec): Option[] {
  const { default: shown, repeat = 'once', parse } = spec;
  const made = (form: string) => {
    const option = new Option(
      form,
      typedHere(shown ? `${description} (default: ${shown})` : description),
    );
    const read = (text: string) => {
      refuseEmpty(option.long ?? form, text);
      return parse ? parse(text) : text;
    };
    // Switches have no text.
    if (option.isBoolean() || option.negate) return option;
    if (repeat === 'many') {
      option.argParser((text, before: unknown[] | undefined) => [...(before ?? []), read(text)]);
    } else if (option.required || option.optional) option.argParser(read);
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
    const [name, other] = [flags, alias].map((form) => new Option(form).attributeName()) as [
      string,
      string,
    ];
    if (other in moved) moved[name] = moved[other];
    delete moved[other];
  }
  return moved;
}

/** Runs a command and prints its result or error. */
async function execute(
  command: Command,
  args: readonly string[],
  {
    options: given,
    typed,
    outputEnded,
  }: { options: Record<string, unknown>; typed: string; outputEnded: AbortSignal },
): Promise<number> {
  const rank = launchedRank();
  if (rank > 0 && command.ranks !== 'all') return 0;
  const { json, ...options } = given;
  const controller = new AbortController();
  let endedBy: NodeJS.Signals | undefined;
  const line = { options: command.options, paths: pathsOf(command, args, options) };
  const terminal = createTerminal({
    json: json === true,
    command: typed,
    signal: controller.signal,
    rewrite: (message) => messageWithFlags(message, line),
  });
  if (rank > 0) terminal.mute();
  const stop = () =>
    controller.abort(new LikenessError('interrupted', reasonOf(outputEnded.reason)));
  outputEnded.addEventListener('abort', stop);
  const unwatch = watchSignals({
    onFirst(signal) {
      endedBy = signal;
      controller.abort(new LikenessError('interrupted', `interrupted by ${signal}`));
    },
    onSaving: (signal) =>
      terminal.warn(`${signal}: ending after this step, and saving. A second signal ends at once.`),
    onForced: () => printError(controller.signal.reason, terminal),
  });
  const stopWaits = terminal.showWaits();
  const interruptedCode = () => (endedBy ? exitCodeOfSignal(endedBy) : OUTPUT_CLOSED);
  try {
    const result = await command.run(args, options, terminal);
    terminal.endProgress();
    if (terminal.json && !terminal.isMuted) process.stdout.write(`${jsonLine(result)}\n`);
    if (outputEnded.aborted) return OUTPUT_CLOSED;
    // A command that saved and stopped early on a signal has not finished its work.
    return controller.signal.aborted ? interruptedCode() : 0;
  } catch (thrown) {
    if (outputEnded.aborted) {
      const { code, message } = outputEnded.reason as LikenessError;
      if (terminal.json) process.stdout.write(`${jsonLine({ error: { code, message } })}\n`);
      return OUTPUT_CLOSED;
    }
    const error = thrown instanceof LikenessError ? errorWithFlags(thrown, line) : thrown;
    const interrupted = controller.signal.aborted;
    // The failure of an interrupted command is a consequence of the interruption.
    const isKnown = error instanceof LikenessError;
    if (rank > 0) {
      // Rank 0 prints what all ranks refuse together.
      if (isKnown && /^(ranks\.|train\.unwell$)/.test(error.code)) return exitCodeOf(error.code);
      await untilFirstRank();
    }
    printError(interrupted && !isKnown ? controller.signal.reason : error, terminal, rank);
    if (interrupted) return interruptedCode();
    return isKnown ? exitCodeOf(error.code) : exitCodes.failure.code;
  } finally {
    outputEnded.removeEventListener('abort', stop);
    stopWaits();
    unwatch();
  }
}

/** Waits for rank 0, whose error ends all ranks: one message is enough where all have the same. */
async function untilFirstRank(): Promise<void> {
  await sleep(3000);
}

/** Prints an error. Only an internal one prints its trace. */
function printError(error: unknown, terminal: Terminal, rank = 0): void {
  terminal.endProgress();
  const isKnown = error instanceof LikenessError;
  const message = isKnown ? error.message : ((error as Error)?.stack ?? String(error));
  if (terminal.json && rank === 0) {
    const code = isKnown ? error.code : 'internal';
    process.stdout.write(`${jsonLine({ error: { code, message } })}\n`);
  }
  const kind = isKnown ? 'error' : 'internal error, please report it';
  const place = rank > 0 ? ` on rank ${rank}` : '';
  process.stderr.write(`${kind}${place}: ${forTerminal(message)}\n`);
}

/** JSON of one line, in which characters that a terminal obeys are escaped. */
function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
