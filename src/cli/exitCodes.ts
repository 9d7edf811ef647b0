/** Exit codes of the command line, by the kind of the failure. */
import { constants } from 'node:os';

/**
 * Exit codes by kind, with the meaning that the help prints. A signal ends with 128 and its number:
 * 129 for SIGHUP, 130 for SIGINT, 143 for SIGTERM, and 141 (SIGPIPE) where nobody reads the output.
 */
export const exitCodes = {
  failure: { code: 1, meaning: 'another failure, or a defect of likeness' },
  use: { code: 2, meaning: 'wrong use, such as an unknown flag or a value out of range' },
  input: { code: 3, meaning: 'images, a run or another file are missing, damaged or unusable' },
  output: { code: 4, meaning: 'a result cannot be written, or would replace something' },
  training: { code: 5, meaning: 'a training failed' },
} as const;

export const OUTPUT_CLOSED = 141;

type Kind = keyof typeof exitCodes;

/** Kinds by the first word of an error's code. */
const kindOfWord: ReadonlyMap<string, Kind> = new Map([
  ...wordsOf('use', 'flag option options settings preset method compare resume start ranks'),
  ...wordsOf('output', 'write sort'),
  ...wordsOf(
    'input',
    'source image path run config checkpoint json clusters clustering embeddings',
  ),
  ...wordsOf(
    'input',
    'events skipped safetensors npy csv torch onnx encoder stem features cache labels file assign',
  ),
  ...wordsOf(
    'input',
    'graph hub import evaluate train suggest evaluation maps thumbnails report baseline edits',
  ),
  ...wordsOf('input', 'explore server trash columns mpi'),
]);

/** Kinds of whole codes, where they differ from that of the first word. */
const kindOfCode: ReadonlyMap<string, Kind> = new Map(
  Object.entries<Kind>({
    'cache.full': 'output',
    'cache.unwritable': 'output',
    'run.exists': 'output',
    'run.locked': 'output',
    'train.unwell': 'training',
    'export.format': 'use',
    'out.format': 'use',
    'views.option': 'use',
    'views.invalid': 'use',
    'run.untrained': 'use',
    'encoder.differs': 'use',
    'encoder.name': 'use',
    'encoder.output': 'use',
    'head.encoder': 'use',
    'head.method': 'use',
    'head.incomplete': 'input',
    'encoder.views': 'use',
    'hub.endpoint': 'use',
    'hub.id': 'use',
    'hub.token': 'use',
    'stem.shape': 'use',
    'server.port': 'use',
    'explore.folder': 'use',
    'evaluate.fineTune': 'use',
  }),
);

function wordsOf(kind: Kind, words: string): [string, Kind][] {
  return words.split(' ').map((word) => [word, kind]);
}

/** Kind of an error by its code, such as `input` for `source.missing`. */
export function kindOfError(code: string): Kind {
  const [word = '', ...rest] = code.split('.');
  // Numbers of clusters and neighbors are options of the command.
  if (rest.join('.') === 'k') return 'use';
  return kindOfCode.get(code) ?? kindOfWord.get(word) ?? 'failure';
}

/** Exit code for an error of the library by its code. */
export function exitCodeOf(code: string): number {
  return exitCodes[kindOfError(code)].code;
}

/** Exit code of a command that a signal ended: 128 and the number of the signal. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 2);
}
