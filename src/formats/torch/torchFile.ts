/**
 * Files of weights as `torch.save` writes them.
 *
 * Since PyTorch 1.6: a zip archive with `<name>/data.pkl` and one uncompressed entry
 * `<name>/data/<key>` per storage. Before: pickles of a magic number, a version, the machine, the
 * value and the keys, then per key the number of elements (u64) and the elements. Both are
 * described in PyTorch's `torch/serialization.py`.
 */
import type { FileHandle } from 'node:fs/promises';
import { fromFdPromise, type ZipFile } from 'yauzl';
import { LikenessError, reasonOf } from '../../core/errors.ts';
import { openRegular } from '../regularFile.ts';
import { malformed, type Pickled, printable, readPickle, refused } from './pickle.ts';
import { gathered, isTensor, type TorchStorage, type TorchTensor, weightRules } from './weights.ts';

/** A tensor in an open file. */
export interface TorchWeight {
  /** Element type in the file, such as `float16`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Reads the elements in row-major order, as float32. */
  read(): Promise<Float32Array>;
}

export interface TorchFile {
  /**
   * Tensors by the dictionary that holds them: the path of the dictionary, such as `state_dict`
   * (empty for the outermost), then the tensor's key. The outermost value may be a list of
   * dictionaries, whose paths begin with their index.
   */
  readonly dictionaries: ReadonlyMap<string, ReadonlyMap<string, TorchWeight>>;
  /** Description of the outermost value, for errors where there are no dictionaries. */
  readonly holds: string;
  close(): Promise<void>;
}

/** Longest pickle, in bytes. That of a ResNet-50 has 100 KB. */
const MAX_PICKLE_BYTES = 64 * 1024 * 1024;
/** Most entries of an archive, and of all dictionaries together. */
const MAX_ENTRIES = 100_000;
/** Deepest dictionary that is looked into. */
const MAX_DEPTH = 4;

/** Position of a storage's first byte. */
type Positions = (storage: TorchStorage) => number;

/**
 * Opens a file of weights of either kind and reads its pickle; tensors are read on demand.
 *
 * @throws LikenessError `torch.missing`, `torch.malformed`, `torch.refused`
 */
export async function openTorchFile(file: string): Promise<TorchFile> {
  const handle = await openRegular(file).catch((error: unknown) => {
    throw new LikenessError(
      'torch.missing',
      `Could not read ${file}: ${reasonOf(error)}. Check the path.`,
    );
  });
  try {
    const start = await read(handle, 0, 2).catch(() => Buffer.alloc(2));
    const isZip = start.toString('latin1') === 'PK';
    const { value, positionOf } = await (isZip ? openArchive : openStream)(handle, file);
    const weightOf = (tensor: TorchTensor): TorchWeight => ({
      dtype: tensor.storage.type.name,
      shape: tensor.shape,
      read: () => readTensor(handle, tensor, positionOf(tensor.storage)),
    });
    const dictionaries = new Map<string, ReadonlyMap<string, TorchWeight>>();
    for (const [path, tensors] of tensorDictionaries(value, file)) {
      const weights = [...tensors].map(([key, tensor]) => [key, weightOf(tensor)] as const);
      dictionaries.set(path, new Map(weights));
    }
    return { dictionaries, holds: kindOf(value), close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Every dictionary that holds tensors by its path, the outer ones first.
 *
 * A pickle may name one dictionary many times, at each level anew, so that a few bytes stand for
 * billions of paths; entries count once per path.
 */
function tensorDictionaries(value: Pickled, name: string): Map<string, Map<string, TorchTensor>> {
  const found = new Map<string, Map<string, TorchTensor>>();
  let seen = 0;
  const collect = (value: Pickled, path: string, depth: number): void => {
    const isList = depth === 0 && Array.isArray(value);
    if (!(value instanceof Map || isList) || depth > MAX_DEPTH) return;
    seen += value instanceof Map ? value.size : value.length;
    if (seen > MAX_ENTRIES) {
      const most = MAX_ENTRIES.toLocaleString('en-US');
      throw malformed(name, `its dictionaries have more than ${most} entries together`);
    }
    const all: Iterable<readonly [Pickled, Pickled]> =
      value instanceof Map ? value : value.map((item, i) => [String(i), item] as const);
    const entries = [...all].filter(
      (entry): entry is [string, Pickled] => typeof entry[0] === 'string',
    );
    const tensors = entries.filter((entry): entry is [string, TorchTensor] => isTensor(entry[1]));
    if (tensors.length > 0) found.set(path, new Map(tensors));
    for (const [key, inner] of entries) {
      collect(inner, path === '' ? key : `${path}.${key}`, depth + 1);
    }
  };
  collect(value, '', 0);
  return found;
}

/** Describes a value without dictionaries of tensors. */
function kindOf(value: Pickled): string {
  if (value instanceof Map) {
    return value.size === 0 ? 'an empty dictionary' : 'a dictionary without tensors';
  }
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list without tensors';
  if (isTensor(value)) return `one tensor of the shape [${value.shape.join(', ')}]`;
  return value === null ? 'no value (None)' : `a single value (${typeof value})`;
}

/** Opens a file since PyTorch 1.6. */
async function openArchive(handle: FileHandle, name: string) {
  const zip = await opened(handle, name);
  const { size } = await handle.stat();
  const entries = new Map<string, { at: number; bytes: number }>();
  const packed = new Set<string>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (entries.size + packed.size >= MAX_ENTRIES) throw malformed(name, 'too many entries');
      // The first folder has the name under which the file was saved.
      const inner = entry.fileName.slice(entry.fileName.indexOf('/') + 1);
      if (entry.isCompressed() || entry.isEncrypted()) {
        packed.add(inner);
        continue;
      }
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      // Entries may claim any size, and memory is taken for what they claim.
      if (fileDataStart + entry.uncompressedSize > size) {
        throw malformed(name, `its entry ${printable(inner)} ends behind the end of the file`);
      }
      entries.set(inner, { at: fileDataStart, bytes: entry.uncompressedSize });
    }
  } catch (error) {
    if (error instanceof LikenessError) throw error;
    throw malformed(name, reasonOf(error));
  }
  const entryOf = (inner: string) => {
    const entry = entries.get(inner);
    if (entry) return entry;
    throw packed.has(inner)
      ? malformed(name, `its entry ${printable(inner)} is compressed, which torch.save never does`)
      : malformed(name, `it has no entry ${printable(inner)}`);
  };
  const order = entries.get('byteorder');
  if (order && (await read(handle, order.at, order.bytes, 16)).toString() !== 'little') {
    throw refused(name, 'numbers in the byte order of big-endian machines');
  }
  const { at, bytes } = entryOf('data.pkl');
  if (bytes > MAX_PICKLE_BYTES) throw malformed(name, `a pickle of ${bytes} bytes`);
  const pickle = await read(handle, at, bytes).catch(() => {
    throw malformed(name, 'its pickle ends behind the end of the file');
  });
  const { value } = readPickle(pickle, { name, ...weightRules(name) });
  const positionOf: Positions = ({ key, count, type }) => {
    const entry = entryOf(`data/${key}`);
    if (entry.bytes >= count * type.bytes) return entry.at;
    throw malformed(
      name,
      `the array ${printable(key)} has ${entry.bytes} bytes; expected ${count * type.bytes}`,
    );
  };
  return { value, positionOf };
}

async function opened(handle: FileHandle, name: string): Promise<ZipFile> {
  try {
    return await fromFdPromise(handle.fd, { lazyEntries: true, autoClose: false });
  } catch (error) {
    throw malformed(name, reasonOf(error));
  }
}

/** First pickle of old files: 0x1950a86a20f9469cfc6c. */
const MAGIC = 0x1950a86a20f9469cfc6cn;

/** Opens a file from before PyTorch 1.6. */
async function openStream(handle: FileHandle, name: string) {
  const { size } = await handle.stat();
  const head = await read(handle, 0, Math.min(size, MAX_PICKLE_BYTES));
  const storages = new Map<string, TorchStorage>();
  const rules = weightRules(name);
  const persistent = (id: Pickled) => {
    const storage = rules.persistent(id) as TorchStorage;
    const before = storages.get(storage.key);
    if (before && (before.count !== storage.count || before.type !== storage.type)) {
      throw malformed(name, `the array ${printable(storage.key)} has two lengths or types`);
    }
    storages.set(storage.key, storage);
    return storage;
  };
  let at = 0;
  const next = () => {
    const { value, end } = readPickle(head, { name, ...rules, persistent, start: at });
    at = end;
    return value;
  };
  if (head[0] !== 0x80) throw malformed(name, 'it begins with no pickle and is no zip archive');
  if (next() !== MAGIC) throw malformed(name, 'it begins with another value than such files do');
  next(); // version of the format
  next(); // byte order and sizes of the machine
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw malformed(name, 'it lists no arrays');

  const positions = new Map<string, number>();
  for (const key of keys as readonly Pickled[]) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage) throw malformed(name, 'it lists an array that no tensor refers to');
    const bytes = storage.count * storage.type.bytes;
    if (at + 8 + bytes > size) {
      throw malformed(name, `the array ${printable(storage.key)} ends behind the end of the file`);
    }
    const count = Number((await read(handle, at, 8)).readBigUInt64LE());
    if (count !== storage.count) {
      throw malformed(
        name,
        `the array ${printable(storage.key)} has ${count} elements; expected ${storage.count}`,
      );
    }
    positions.set(storage.key, at + 8);
    at += 8 + bytes;
  }
  const positionOf: Positions = ({ key }) => {
    const position = positions.get(key);
    if (position === undefined) throw malformed(name, `it lacks the array ${printable(key)}`);
    return position;
  };
  return { value, positionOf };
}

/** Reads the part of a storage that a tensor covers, and puts it in row-major order. */
async function readTensor(
  handle: FileHandle,
  tensor: TorchTensor,
  position: number,
): Promise<Float32Array> {
  const { shape, strides, offset, storage } = tensor;
  if (shape.includes(0)) return new Float32Array(0);
  const { bytes, decode } = storage.type;
  const count = 1 + shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, 0);
  const raw = await read(handle, position + offset * bytes, count * bytes);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return gathered({ ...tensor, offset: 0 }, decode(view, count));
}

/** Reads bytes, at most `most` of them. */
async function read(handle: FileHandle, at: number, count: number, most = count): Promise<Buffer> {
  const length = Math.min(count, most);
  const into = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const part = Math.min(length - done, 2 ** 26);
    const { bytesRead } = await handle.read(into, done, part, at + done);
    if (bytesRead === 0) throw new RangeError(`the file ends at byte ${at + done}`);
    done += bytesRead;
  }
  return into;
}
