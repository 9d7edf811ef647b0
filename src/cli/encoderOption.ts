/** `--encoder`: the encoder that a command makes for its source where it is given no run. */
import { LikenessError } from '../core/errors.ts';
import { learnedNames, type Model, openModel, start } from '../likeness.ts';
import type { OptionSpec } from './command.ts';
import { programWords } from './invocation.ts';
import { required } from './required.ts';
import type { OpenGiven } from './sourceOptions.ts';
import type { Terminal } from './terminal.ts';

const names = learnedNames.join(', ');

export const encoderOption: OptionSpec = {
  flags: '--encoder <name>',
  alias: '--backbone <name>',
  description:
    `without --run, make this encoder for the source in a run of its own: ${names}, or the path ` +
    'of a pretrained model (an ONNX file, or a folder as hubs lay them out), or ' +
    'hub:OWNER/NAME, which is downloaded once',
};

export const offlineOption: OptionSpec = {
  flags: '--offline',
  description:
    'take a hub: model from the cache of this machine alone (default: off, or as ' +
    'HF_HUB_OFFLINE says)',
};

/** Options of commands that can make an encoder. */
export const encoderOptions: readonly OptionSpec[] = [encoderOption, offlineOption];

export interface EncoderFlags {
  run?: string;
  encoder?: string;
  offline?: boolean;
}

/** Opens the run of `--run`; without it, makes a run of the encoder for the source. */
export async function modelOfRun(
  open: OpenGiven,
  { run, encoder, offline }: EncoderFlags,
  terminal: Terminal,
): Promise<Model> {
  if (run === undefined && encoder !== undefined)
    return startOn(open, { encoder, offline }, terminal);
  const models = `${names}, a model's file or hub:OWNER/NAME`;
  const expected = `the folder of a run, or --encoder with ${models}`;
  return openChecked(required('--run', run, expected), { encoder, offline }, terminal);
}

/** Opens the run of `--run`; without it, makes a run of the source by the default road. */
export async function modelOrStart(
  open: OpenGiven,
  { run, encoder, offline }: EncoderFlags,
  terminal: Terminal,
): Promise<Model> {
  if (run === undefined) return startOn(open, { encoder, offline }, terminal);
  const folder = required('--run', run, 'the folder of a run');
  return openChecked(folder, { encoder, offline }, terminal);
}

/** Opens a run, whose encoder must be the one that was named, if any was. */
export function openChecked(
  run: string,
  { encoder, offline }: Pick<EncoderFlags, 'encoder' | 'offline'>,
  terminal: Terminal,
): Promise<Model> {
  return openModel(run, { encoder, offline, ...terminal.watch });
}

async function startOn(
  open: OpenGiven,
  { encoder, offline }: Pick<EncoderFlags, 'encoder' | 'offline'>,
  terminal: Terminal,
): Promise<Model> {
  const model = await start(await open(), {
    ...{ encoder, offline },
    command: terminal.command,
    ...terminal.watch,
  });
  terminal.endProgress();
  return model;
}

/** Refuses the names of encoders that no head is trained on. */
export function modelPath(path: string): string {
  if (!learnedNames.some((name) => name === path)) return path;
  throw new LikenessError(
    'flag.invalid',
    `--encoder: received "${path}"; expected the path of a pretrained model, because no head is ` +
      `trained on ${path}. Use: ${programWords()} start <source> --encoder ${path}`,
  );
}
