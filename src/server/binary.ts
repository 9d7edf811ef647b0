import { headers, type KeyedValues } from '../explore/index.ts';

/** Answers with little-endian values, as this machine and every browser has them. */
export function binary({ key, data }: KeyedValues): Response {
  const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return new Response(bytes, {
    headers: {
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store',
      [headers.key]: key,
      [headers.dtype]: dtypeOf(data),
    },
  });
}

const dtypeOf = (data: KeyedValues['data']) =>
  data instanceof Int32Array ? 'int32' : data instanceof Float64Array ? 'float64' : 'float32';
