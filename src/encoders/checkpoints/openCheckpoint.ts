/** Opens a file of weights: a PyTorch file of either kind, or safetensors. */
import { closeSync, readSync } from 'node:fs';
import { extname } from 'node:path';
import { LikenessError, reasonOf } from '../../core/errors.ts';
import {
  openRegularSync,
  openSafetensors,
  openTorchFile,
  type StoredData,
} from '../../formats/index.ts';
import type { Dictionaries, StoredWeight } from './layouts.ts';

export interface OpenCheckpoint {
  readonly dictionaries: Dictionaries;
  /** Description of the outermost value, for errors where there are no dictionaries. */
  readonly holds?: string;
  close(): Promise<void>;
}

/** First bytes of zip archives, and of pickles with a protocol. */
const ZIP = 0x50;
const PICKLE = 0x80;
/** First byte of the header of safetensors, behind its length of 8 bytes. */
const BRACE = 0x7b;

/**
 * Opens a file by its content. Tensors are read on demand, and nothing that the file names is run.
 *
 * @throws LikenessError `import.missing`, `import.format`, `torch.*`, `safetensors.*`
 */
export async function openCheckpoint(file: string): Promise<OpenCheckpoint> {
  const start = telling(file);
  const [first, brace] = [start[0], start[8]];
  // A safetensors file begins with the length of its header, whose first byte may be any.
  if (brace !== BRACE && (first === ZIP || first === PICKLE)) return openTorchFile(file);
  if (brace !== BRACE && extname(file).toLowerCase() !== '.safetensors') {
    throw otherFormat(file, start);
  }
  const { tensors, close } = await openSafetensors(file);
  const weights = Object.entries(tensors).map(([name, { shape, read }]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const weight: StoredWeight = {
      shape,
      read: async () => toFloats(await read(0, count)),
    };
    return [name, weight] as const;
  });
  return { dictionaries: new Map([['', new Map(weights)]]), close };
}

function toFloats(data: StoredData): Float32Array {
  if (data instanceof Float32Array) return data;
  return Float32Array.from(data as Iterable<number | bigint>, Number);
}

function otherFormat(file: string, start: Buffer): LikenessError {
  const text = start.toString('latin1');
  const shown = /^[ -~]*$/.test(text)
    ? JSON.stringify(text)
    : `the bytes ${start.toString('hex').replaceAll(/..(?=.)/g, '$& ')}`;
  const found = start.length === 0 ? 'is empty' : `begins with ${shown}`;
  return new LikenessError(
    'import.format',
    `${file} ${found}; expected a PyTorch file (.pth, .pt, .tar) or a .safetensors file. It may ` +
      'be cut off, damaged or of another format; check it, or get it again.',
  );
}

/** First nine bytes of a file, as far as it has them. */
function telling(file: string): Buffer {
  const bytes = Buffer.alloc(9);
  try {
    const handle = openRegularSync(file);
    try {
      return bytes.subarray(0, readSync(handle, bytes));
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw new LikenessError(
      'import.missing',
      `Could not read ${file}: ${reasonOf(error)}. Expected a PyTorch file (.pth, .pt, .tar) or ` +
        'a .safetensors file; check the path.',
    );
  }
}
