/** Element types of PyTorch's storages, and their conversion to float32. */
import { floatOfBrain, floatOfHalf } from '../halves.ts';

/** Element type of a storage. */
export interface StorageType {
  /** Name in messages, such as `float16`. */
  readonly name: string;
  /** Bytes per element. */
  readonly bytes: number;
  /** Converts little-endian elements to numbers; 64-bit integers beyond 2^53 are rounded. */
  decode(view: DataView, count: number): Float32Array | Float64Array;
}

/** Storage types by their name in a pickle. */
export const storageTypes: Readonly<Record<string, StorageType>> = {
  'torch.FloatStorage': type('float32', 4, (view, at) => view.getFloat32(at, true)),
  'torch.DoubleStorage': type('float64', 8, (view, at) => view.getFloat64(at, true)),
  'torch.HalfStorage': type('float16', 2, (view, at) => floatOfHalf(view.getUint16(at, true))),
  'torch.BFloat16Storage': type('bfloat16', 2, (view, at) =>
    floatOfBrain(view.getUint16(at, true)),
  ),
  'torch.LongStorage': type('int64', 8, (view, at) => Number(view.getBigInt64(at, true))),
  'torch.IntStorage': type('int32', 4, (view, at) => view.getInt32(at, true)),
  'torch.ShortStorage': type('int16', 2, (view, at) => view.getInt16(at, true)),
  'torch.CharStorage': type('int8', 1, (view, at) => view.getInt8(at)),
  'torch.ByteStorage': type('uint8', 1, (view, at) => view.getUint8(at)),
  'torch.BoolStorage': type('bool', 1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)),
};

function type(name: string, bytes: number, read: (view: DataView, at: number) => number) {
  const isExact = bytes < 4 || name === 'float32';
  return {
    name,
    bytes,
    decode(view: DataView, count: number) {
      const out = isExact ? new Float32Array(count) : new Float64Array(count);
      for (let i = 0; i < count; i++) out[i] = read(view, i * bytes);
      return out;
    },
  };
}
