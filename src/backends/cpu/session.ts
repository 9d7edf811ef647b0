/** A compiled program in the worker thread. */
import {
  type Compiled,
  encodeOnnx,
  type OnnxGraph,
  type StateSpec,
  type Values,
} from '../../compile/index.ts';
import type { TensorData } from '../../tensor/index.ts';
import type { OpenOptions, Session } from '../backend.ts';
import type { FilterOrder } from './filterLayouts.ts';
import type { Ask, OpenedPrelude, StoredSpec } from './protocol.ts';

/** Opens a program; `block`: channels per block of packed filters. */
export async function openSession(
  ask: Ask,
  { main, prelude, inputs, outputs, state }: Compiled,
  { block, profile, settings }: OpenOptions & { block: number },
): Promise<Session> {
  const stored = state.map((entry) => storedSpec(entry, block));
  const opened = prelude
    ? await openPrelude(ask, { main, prelude, state: stored })
    : { model: encodeOnnx(main) };
  const spec = { ...opened, inputs, outputs, state: stored };
  const session = await ask<number>({ kind: 'create', spec, profile, settings });
  return {
    id: session,
    run(values, { transfer = false } = {}) {
      // Inputs on which no output depends were removed with the dead nodes and are not sent.
      const sent = Object.fromEntries(
        inputs.map(({ name }) => [
          name,
          transfer ? values[name]! : withoutSurroundings(values[name]!),
        ]),
      );
      return ask<Values>({ kind: 'run', session, inputs: sent }, transfer ? buffersOf(sent) : []);
    },
    read: (names) => ask<Values>({ kind: 'readState', session, names }),
    write: (values) => ask<void>({ kind: 'writeState', session, values }),
    release: () => ask<void>({ kind: 'release', session }),
  };
}

function storedSpec({ layout, ...spec }: StateSpec, block: number): StoredSpec {
  return layout === undefined
    ? spec
    : { ...spec, packing: { order: layout as FilterOrder, block } };
}

/**
 * Opens the prelude. Its results are inputs of the main graph, whose optimizer must know their
 * shapes.
 */
async function openPrelude(
  ask: Ask,
  { main, prelude, state }: { main: OnnxGraph; prelude: OnnxGraph; state: readonly StoredSpec[] },
): Promise<{ model: Uint8Array; prelude: number }> {
  const read = new Set(prelude.inputs.map(({ name }) => name));
  const outputs = prelude.outputs.map(({ name }) => name);
  const opened = await ask<OpenedPrelude>({
    kind: 'openPrelude',
    spec: {
      model: encodeOnnx(prelude),
      inputs: state.filter(({ name }) => read.has(name)),
      outputs,
    },
  });
  const shapes = new Map(outputs.map((name, i) => [name, opened.shapes[i]!]));
  const inputs = main.inputs.map((value) => ({
    ...value,
    shape: shapes.get(value.name) ?? value.shape,
  }));
  return { model: encodeOnnx({ ...main, inputs }), prelude: opened.prelude };
}

/** Distinct buffers that can be handed over. */
export function buffersOf(values: Values): ArrayBuffer[] {
  const own = Object.values(values).filter((data) => !isShared(data));
  return [...new Set(own)].map(({ buffer }) => buffer as ArrayBuffer);
}

/** A copy of a view, which would be sent with its whole buffer, such as the rest of a file. */
function withoutSurroundings(values: TensorData): TensorData {
  return !isShared(values) && values.byteLength < values.buffer.byteLength
    ? values.slice()
    : values;
}

/** True for memory that the worker thread sees too; it is not sent. */
function isShared({ buffer }: TensorData): boolean {
  return buffer instanceof SharedArrayBuffer;
}
