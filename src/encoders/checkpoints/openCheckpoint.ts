/** Opens a file of weights: a PyTorch file of either kind, or safetensors. */
import { closeSync, readSync } from 'node:fs';
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
 * @throws LikenessError `import.missing`, `torch.*`, `safetensors.*`
 */
export async function openCheckpoint(file: string): Promise<OpenCheckpoint> {
  const [first, brace] = telling(file);
  // A safetensors file begins with the length of its header, whose first byte may be any.
  if (brace !== BRACE && (first === ZIP || first === PICKLE)) return openTorchFile(file);
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

/** The first and the ninth byte of a file, as far as it has them. */
function telling(file: string): [number | undefined, number | undefined] {
  const bytes = new Uint8Array(9);
  try {
    const handle = openRegularSync(file);
    try {
      const count = readSync(handle, bytes);
      return [count > 0 ? bytes[0] : undefined, count > 8 ? bytes[8] : undefined];
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
