/** Commands that do the same as the calls of the library which errors name as the next step. */
import type { Command, CommandOptions } from './command.ts';
import { programWords, shellWord } from './invocation.ts';

/** Paths that a person has given to a command. */
export interface GivenPaths {
  readonly source?: string;
  readonly run?: string;
}

/** Commands by the call, with the paths as far as they are known. */
const commandsByCall: Readonly<Record<string, (paths: Required<GivenPaths>) => string>> = {
  'train(images, { out, resume: true })': ({ source, run }) =>
    `train ${source} --out ${run} --resume`,
  'start(images)': ({ source }) => `start ${source}`,
  'start(images, { out })': ({ source, run }) => `start ${source} --out ${run}`,
  'model.cluster(images)': ({ source, run }) => `cluster ${source} --run ${run}`,
  'clustering.writeReport()': ({ source, run }) => `cluster ${source} --run ${run}`,
  'model.exportOnnx(file)': ({ run }) => `export --run ${run} --to encoder.onnx`,
  'settingNames()': () => 'train --help',
};

/** Quotes the command for a call such as `model.cluster(images)`; undefined without one. */
export function commandOfCall(call: string, paths: GivenPaths = {}): string | undefined {
  if (!Object.hasOwn(commandsByCall, call)) return undefined;
  const word = (path: string | undefined, place: string) =>
    path === undefined ? place : shellWord(path);
  const source = word(paths.source, '<source>');
  const run = word(paths.run, '<run>');
  return `"${programWords()} ${commandsByCall[call]!({ source, run })}"`;
}

/** Paths in the arguments and options of a command; `out` is the run where no run is given. */
export function pathsOf(
  { arguments: specs }: Pick<Command, 'arguments'>,
  args: readonly string[],
  { run, out }: CommandOptions,
): GivenPaths {
  const source = specs[0]?.name === 'source' ? args[0] : undefined;
  const folder = run ?? out;
  return {
    ...(source !== undefined && { source }),
    ...(typeof folder === 'string' && { run: folder }),
  };
}
