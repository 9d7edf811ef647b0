/** Rules by which pickles of PyTorch become tensors and plain containers. */
import {
  malformed,
  type Pickled,
  type PickledObject,
  type PickleRules,
  printable,
  refused,
} from './pickle.ts';
import { type StorageType, storageTypes } from './storages.ts';

/** Array that several tensors may share, outside the pickle. */
export interface TorchStorage extends PickledObject {
  readonly kind: 'storage';
  readonly type: StorageType;
  /** Name in the file. */
  readonly key: string;
  /** Number of elements. */
  readonly count: number;
  /** First element, for the views of old files. */
  readonly first: number;
}

/** View of a storage: element `[i, j, …]` is at `offset + i strides[0] + j strides[1] + …`. */
export interface TorchTensor extends PickledObject {
  readonly kind: 'tensor';
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

interface StorageName extends PickledObject {
  readonly kind: 'storageType';
  readonly type: StorageType;
}

/** A function or class that files of weights name. */
interface Callee extends PickledObject {
  readonly kind: 'callee';
  readonly name: string;
  call(args: readonly Pickled[]): Pickled;
}

/** Most dimensions of a tensor. */
const MAX_DIMENSIONS = 16;

/**
 * Rules for one file: dictionaries, tensors and parameters. Settings that training scripts store
 * beside the weights (`argparse.Namespace`, `torch.device`, numbers of NumPy) become `null`.
 */
export function weightRules(name: string): PickleRules {
  const fail = (reason: string) => malformed(name, reason);
  const tensor = (args: readonly Pickled[]) => tensorOf(args, fail);
  const callees: Readonly<Record<string, (args: readonly Pickled[]) => Pickled>> = {
    'collections.OrderedDict': (args) => dictionaryOf(args, fail),
    'collections.defaultdict': () => new Map(),
    'torch._utils._rebuild_tensor': tensor,
    'torch._utils._rebuild_tensor_v2': tensor,
    'torch._utils._rebuild_parameter': ([data]) => data ?? null,
    'torch.Size': ([sizes]) => sizes ?? [],
    'torch.device': () => null,
    'argparse.Namespace': () => null,
    'numpy.core.multiarray.scalar': () => null,
    'numpy._core.multiarray.scalar': () => null,
    'numpy.dtype': () => null,
    '_codecs.encode': () => null,
  };
  return {
    global(global) {
      const type = Object.hasOwn(storageTypes, global) ? storageTypes[global] : undefined;
      if (type) return { kind: 'storageType', type } satisfies StorageName;
      if (/^torch\.(float|double|half|bfloat|u?int|long|short|bool)\w*$/.test(global)) {
        return { kind: 'dtype' };
      }
      const call = Object.hasOwn(callees, global) ? callees[global] : undefined;
      return call && ({ kind: 'callee', name: global, call } satisfies Callee);
    },
    call(callee, args) {
      if (callee.kind === 'callee') return (callee as Callee).call(args);
      throw refused(name, `a call of a ${printable(callee.kind)}`);
    },
    persistent: (id) => storageOf(id, fail),
  };
}

type Fail = (reason: string) => Error;

function dictionaryOf([items]: readonly Pickled[], fail: Fail): Pickled {
  const map = new Map<Pickled, Pickled>();
  if (items === undefined) return map;
  if (!Array.isArray(items)) throw fail('a dictionary of what is no list');
  for (const pair of items as readonly Pickled[]) {
    if (!Array.isArray(pair) || pair.length !== 2) throw fail('a key without a value');
    map.set(pair[0], pair[1]);
  }
  return map;
}

/** `('storage', type, key, device, count)`, in old files with `(view, first, count)` behind. */
function storageOf(id: Pickled, fail: Fail): TorchStorage {
  if (!Array.isArray(id) || id[0] !== 'storage') throw fail('a stored array of an unknown kind');
  const [, named, key, , count, view] = id as readonly Pickled[];
  const type = (named as StorageName | undefined)?.type;
  if (!type || typeof key !== 'string' || !isCount(count)) {
    throw fail('a stored array without type, name or length');
  }
  if (view === undefined || view === null) return { kind: 'storage', type, key, count, first: 0 };
  const [, first, length] = Array.isArray(view) ? (view as readonly Pickled[]) : [];
  if (!isCount(first) || !isCount(length) || first + length > count) {
    throw fail(`the array ${printable(key)} has a part that it does not hold`);
  }
  return { kind: 'storage', type, key, count, first };
}

/** `(storage, offset, shape, strides, …)`. */
function tensorOf([storage, offset, shape, strides]: readonly Pickled[], fail: Fail): TorchTensor {
  const kind = (storage as PickledObject | null | undefined)?.kind;
  if (kind !== 'storage' || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) {
    throw fail('a tensor without storage, offset, shape or strides');
  }
  const { first, count } = storage as TorchStorage;
  if (shape.length !== strides.length || shape.length > MAX_DIMENSIONS) {
    throw fail(`a tensor with ${shape.length} dimensions and ${strides.length} strides`);
  }
  const elements = shape.reduce((product, size) => product * size, 1);
  const last = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, first + offset);
  // A stride of 0 repeats elements: a shape of a billion over an array of one.
  if (elements > 0 && (last >= count || elements > count)) {
    throw fail(
      `a tensor of shape [${shape.join(', ')}] and strides [${strides.join(', ')}] at element ` +
        `${first + offset} of an array of ${count}`,
    );
  }
  return {
    kind: 'tensor',
    storage: storage as TorchStorage,
    offset: first + offset,
    shape,
    strides,
  };
}

function isCount(value: Pickled | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isCounts(value: Pickled | undefined): value is number[] {
  return Array.isArray(value) && value.every(isCount);
}

/** True for a tensor of a pickle. */
export function isTensor(value: Pickled | undefined): value is TorchTensor {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor';
}

/** Elements of a tensor in row-major order, from the decoded elements of its storage. */
export function gathered(
  { shape, strides, offset }: TorchTensor,
  stored: Float32Array | Float64Array,
): Float32Array {
  const elements = shape.reduce((product, size) => product * size, 1);
  const out = new Float32Array(elements);
  const at = new Array<number>(shape.length).fill(0);
  let from = offset;
  for (let i = 0; i < elements; i++) {
    out[i] = stored[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++at[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      at[axis] = 0;
    }
  }
  return out;
}
