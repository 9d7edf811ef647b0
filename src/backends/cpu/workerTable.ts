/** Tables of the thread of ONNX Runtime: values that the sessions of one program share. */
import type * as ort from 'onnxruntime-node';
import type { ValueSpec, Values } from '../../compile/index.ts';
import { LikenessError } from '../../core/errors.ts';
import type { TensorData } from '../../tensor/index.ts';
import type { SentWork } from './protocol.ts';

/** Compiled part of a program, without state of its own, that a table runs. */
export interface TableSession {
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  run(
    feeds: Readonly<Record<string, ort.Tensor>>,
    fetches: Readonly<Record<string, ort.Tensor>>,
  ): Promise<unknown>;
}

export interface TableOptions {
  /** New zeros for a value. */
  allocate(spec: ValueSpec): TensorData;
  toTensor(spec: ValueSpec, data: TensorData): ort.Tensor;
}

export interface WorkerTable {
  work(work: Omit<SentWork, 'session'>, session: TableSession | undefined): Promise<Values>;
}

/** Creates an empty table. */
export function createTable({ allocate, toTensor }: TableOptions): WorkerTable {
  const values = new Map<string, TensorData>();
  /** Names of values that sessions compute; others enter the table with memory of their own. */
  const computed = new Set<string>();
  /** Memory of values that were dropped or replaced, by the name of the value to come. */
  const spare = new Map<string, TensorData>();

  function valueNamed(name: string): TensorData {
    const value = values.get(name);
    if (value === undefined) {
      throw new LikenessError('runtime.failed', `table: expected a value of the name "${name}"`);
    }
    return value;
  }

  async function run({ inputs, outputs, run }: TableSession): Promise<void> {
    const feeds = inputs.map((spec) => [spec.name, toTensor(spec, valueNamed(spec.name))] as const);
    const written = outputs.map((spec) => [spec, spare.get(spec.name) ?? allocate(spec)] as const);
    const fetches = written.map(([spec, data]) => [spec.name, toTensor(spec, data)] as const);
    await run(Object.fromEntries(feeds), Object.fromEntries(fetches));
    for (const [{ name }, data] of written) {
      computed.add(name);
      spare.delete(name);
      values.set(name, data);
    }
  }

  /** Replaces values by others. The memory of a replaced value takes the next of its successor. */
  function move(moved: Readonly<Record<string, string>>): void {
    const entries = Object.entries(moved).map(([name, from]) => ({
      ...{ name, from, before: values.get(name) },
      after: valueNamed(from),
    }));
    for (const { name, after } of entries) values.set(name, after);
    const live = new Set(values.values());
    for (const { from, before, after } of entries) {
      const isFree = before && !live.has(before) && before.length === after.length;
      if (isFree && computed.has(from)) spare.set(from, before);
    }
  }

  return {
    async work({ put = {}, returned = [], dropped = [], moved = {} }, session) {
      for (const [name, value] of Object.entries(put)) values.set(name, value);
      if (session) await run(session);
      // Values that stay are copied, because the reply hands its memory over.
      const isDropped = new Set(dropped);
      const results = Object.fromEntries(
        returned.map((name) => {
          const value = valueNamed(name);
          return [name, isDropped.has(name) ? value : value.slice()];
        }),
      );
      for (const name of dropped) {
        if (computed.has(name) && !(name in results)) spare.set(name, valueNamed(name));
        values.delete(name);
      }
      move(moved);
      return results;
    },
  };
}
