/** Faults of stored files, for tests only. Each changes one thing and keeps the rest valid. */
import { createHash } from 'node:crypto';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../formats/index.ts';

/** A changed file and the change in words. */
export interface Fault {
  readonly name: string;
  readonly bytes: Uint8Array;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Values that take the place of a value: wrong types, and numbers beyond every bound. */
const replacements: readonly Json[] = [null, 'x', -1, 1e15, 1e300, 0.5, [], {}, true];

/** Cut off, empty, binary, another JSON value. */
export function brokenBytes(bytes: Uint8Array): Fault[] {
  return [
    { name: 'empty', bytes: new Uint8Array() },
    { name: 'cut off', bytes: bytes.slice(0, Math.floor(bytes.length / 2)) },
    { name: 'binary', bytes: Uint8Array.from({ length: 512 }, (_, i) => (i * 167 + 13) % 256) },
    ...['null', '[]', '7', '"text"', '{"__proto__":{"a":1}}'].map((text) => ({
      name: text,
      bytes: Buffer.from(text),
    })),
  ];
}

/** Every key of a JSON text removed, and every value replaced by others. */
export function jsonFaults(text: string): Fault[] {
  return changesOf(JSON.parse(text) as Json).map(({ name, value }) => ({
    name,
    bytes: Buffer.from(JSON.stringify(value)),
  }));
}

function* placesIn(value: Json, path: readonly string[] = []): Generator<readonly string[]> {
  if (path.length > 0) yield path;
  if (typeof value !== 'object' || value === null) return;
  // The elements of a list are of one kind.
  const inner = Array.isArray(value) ? Object.entries(value).slice(0, 1) : Object.entries(value);
  for (const [key, item] of inner) yield* placesIn(item, [...path, key]);
}

export function changesOf(value: Json): { name: string; value: Json }[] {
  return [...placesIn(value)].flatMap((path) => {
    const dotted = path.join('.');
    const removed = { name: `without ${dotted}`, value: changed(value, path) };
    const others = replacements.map((other) => ({
      name: `${dotted} = ${JSON.stringify(other)}`,
      value: changed(value, path, other),
    }));
    return [removed, ...others];
  });
}

/** The value with another one at a path, or without it. */
function changed(value: Json, [key, ...rest]: readonly string[], other?: Json): Json {
  const copy = structuredClone(value) as Record<string, Json>;
  if (rest.length > 0) copy[key!] = changed(copy[key!]!, rest, other);
  else if (other !== undefined) copy[key!] = other;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key!];
  return copy;
}

/**
 * Every tensor of a safetensors file missing, reshaped, of another type or with NaN, and every
 * metadata text missing, replaced or changed inside where it is JSON.
 *
 * @param seal brings a checksum in the metadata up to date
 */
export function tensorFaults(
  bytes: Uint8Array,
  seal: (
    tensors: Record<string, StoredTensor>,
    metadata: Record<string, string>,
  ) => Uint8Array = encodeSafetensors,
): Fault[] {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const faults: Fault[] = [];
  const add = (name: string, change: Record<string, StoredTensor | undefined>) => {
    const all = Object.entries({ ...tensors, ...change }).filter(
      ([, tensor]) => tensor !== undefined,
    );
    faults.push({
      name,
      bytes: seal(Object.fromEntries(all) as Record<string, StoredTensor>, metadata),
    });
  };
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    add(`without tensor ${name}`, { [name]: undefined });
    add(`tensor ${name} reshaped`, {
      [name]: {
        dtype,
        shape: shape.length === 1 ? [shape[0]!, 1] : [data.length],
        data,
      } as StoredTensor,
    });
    add(`tensor ${name} shorter`, {
      [name]: { dtype, shape: [data.length - 1], data: data.slice(1) } as StoredTensor,
    });
    add(`tensor ${name} of float64`, {
      [name]: { dtype: 'float64', shape, data: Float64Array.from(data as Float32Array, Number) },
    });
    if (data instanceof Float32Array) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        add(`tensor ${name} with ${value}`, {
          [name]: { dtype: 'float32', shape, data: data.with(0, value) },
        });
      }
    }
    if (data instanceof Int32Array) {
      for (const value of [-7, 2 ** 31 - 1]) {
        add(`tensor ${name} with ${value}`, {
          [name]: { dtype: 'int32', shape, data: data.with(0, value) },
        });
      }
    }
  }
  const addMeta = (name: string, change: Record<string, string | undefined>) => {
    const all = Object.entries({ ...metadata, ...change }).filter(([, text]) => text !== undefined);
    faults.push({ name, bytes: seal(tensors, Object.fromEntries(all) as Record<string, string>) });
  };
  for (const [key, text] of Object.entries(metadata)) {
    if (key === 'sha256') continue;
    addMeta(`without metadata ${key}`, { [key]: undefined });
    addMeta(`metadata ${key} = x`, { [key]: 'x' });
    if (!/^[{[]/.test(text)) continue;
    for (const { name, value } of changesOf(JSON.parse(text) as Json)) {
      addMeta(`metadata ${key}: ${name}`, { [key]: JSON.stringify(value) });
    }
  }
  return faults;
}

/** Encodes a checkpoint with the checksum that its bytes have. */
export function sealedCheckpoint(
  tensors: Record<string, StoredTensor>,
  metadata: Record<string, string>,
): Uint8Array {
  const unset = '0'.repeat(64);
  const bytes = Buffer.from(encodeSafetensors(tensors, { ...metadata, sha256: unset }));
  const at = bytes.indexOf(`"sha256":"${unset}`) + '"sha256":"'.length;
  bytes.write(createHash('sha256').update(bytes).digest('hex'), at, 'latin1');
  return bytes;
}
