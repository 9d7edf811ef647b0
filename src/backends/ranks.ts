/**
 * Programs of several replicas on ranks: each rank runs the parts of the program on its own device,
 * and all ranks exchange values between the parts.
 */
import { type Communicator, gatherTexts } from '../collectives/index.ts';
import {
  type ChooseOptions,
  type Compiled,
  compile,
  cutProgram,
  encodeOnnx,
  nameOf,
  type Plan,
  type Program,
  type Values,
} from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import { arrayTypes, sizeOf } from '../tensor/index.ts';
import type { Backend, Session, SessionSettings } from './backend.ts';
import { checkedState, checkValues } from './checkValues.ts';
import { exchange } from './exchange.ts';
import type { Executable } from './executable.ts';

/** Choice of kernels for each part. */
export type CompilePartOptions = Omit<ChooseOptions, 'choice' | 'frozen'>;

export interface RanksOptions {
  backend: Backend;
  communicator: Communicator;
  settings: SessionSettings | undefined;
  compiling: CompilePartOptions;
}

/**
 * Compiles a program of several replicas in parts. All ranks run it, and read and write its state,
 * together.
 *
 * State is not hoisted and its filters are not packed, because several parts read it. The model of
 * the executable is that of the largest part.
 *
 * @throws LikenessError `replicas.count` where the program is not of as many replicas as ranks
 */
export async function prepareRanks(program: Program, options: RanksOptions): Promise<Executable> {
  const { backend, communicator } = options;
  if (program.replicas !== communicator.size) {
    throw new LikenessError(
      'replicas.count',
      `replicas: received ${program.replicas}; expected the number of ranks, ${communicator.size}`,
    );
  }
  const { parts, inputs, constants, results, next } = cutProgram(program);
  const state = (program.state ?? []).map(({ current }) => ({
    ...{ name: nameOf(current), shape: current.shape, dtype: current.dtype },
  }));
  const programs = parts.map(({ outputs }, p) => ({
    ...{ outputs, name: `${program.name ?? 'program'}-part-${p}` },
  }));
  const { compiled, plan } = await compileAlike(programs, options);
  const table = await backend.openTable();
  const sessions: (Session | undefined)[] = [];
  for (const part of compiled)
    sessions.push(part && (await backend.open(part, { settings: options.settings })));
  const zeros = state.map(
    ({ name, shape, dtype }) => [name, new arrayTypes[dtype](sizeOf(shape))] as const,
  );
  await table.work({ put: { ...Object.fromEntries(zeros), ...copied(constants) } });

  async function run(values: Values, { transfer = false } = {}): Promise<Values> {
    checkValues('run', inputs, values);
    const read = Object.fromEntries(inputs.map(({ name }) => [name, values[name]!]));
    let put = transfer ? read : copied(read);
    for (const [p, { exchanges, dropped }] of parts.entries()) {
      const returned = [...new Set(exchanges.map(({ operand }) => operand))];
      const operands = await table.work({ put, session: sessions[p], returned, dropped });
      put = await exchange(communicator, exchanges, operands);
    }
    const names = Object.entries(results);
    const found = await table.work({
      ...{ put, moved: next },
      returned: [...new Set(names.map(([, name]) => name))],
    });
    return Object.fromEntries(names.map(([output, name]) => [output, found[name]!]));
  }

  let model: Uint8Array | undefined;
  return {
    plan,
    get model() {
      model ??= encodeOnnx(largestOf(compiled).whole);
      return model;
    },
    nodeCount: compiled.reduce((sum, part) => sum + (part?.nodeCount ?? 0), 0),
    run,
    readState: (names = state.map(({ name }) => name)) => table.work({ returned: names }),
    async writeState(values) {
      await table.work({ put: copied(checkedState(state, values)) });
    },
    async dispose() {
      for (const session of sessions) await session?.release();
      await table.release();
    },
  };
}

/** Parts that are compiled, but those that compute nothing, and the kernels of all. */
interface CompiledParts {
  readonly compiled: readonly (Compiled | undefined)[];
  readonly plan: Plan;
}

/** Compiles parts with the kernels that rank 0 chooses, so that ranks do not time side by side. */
async function compileAlike(
  parts: readonly Program[],
  options: RanksOptions,
): Promise<CompiledParts> {
  const { communicator, compiling } = options;
  if (communicator.rank === 0) {
    const made = await compileParts(parts, options);
    await gatherTexts(communicator, JSON.stringify(made.plan));
    return made;
  }
  const [plan] = await gatherTexts(communicator, '');
  const { time: _, onMeasured: __, ...untimed } = compiling;
  return compileParts(parts, {
    ...options,
    compiling: { ...untimed, plan: JSON.parse(plan!) as Plan },
  });
}

async function compileParts(
  parts: readonly Program[],
  { backend, settings, compiling }: RanksOptions,
): Promise<CompiledParts> {
  const compiled: (Compiled | undefined)[] = [];
  let plan: Plan = {};
  for (const part of parts) {
    const isEmpty = Object.keys(part.outputs).length === 0;
    const made = isEmpty ? undefined : await compile(part, backend.target(settings), compiling);
    compiled.push(made);
    plan = { ...plan, ...made?.plan };
  }
  return { compiled, plan };
}

function largestOf(compiled: readonly (Compiled | undefined)[]): Compiled {
  const parts = compiled.filter((part) => part !== undefined);
  return parts.reduce((a, b) => (b.nodeCount > a.nodeCount ? b : a));
}

/** Copies of values, whose own memory can be handed over. Shared memory is read in place. */
function copied(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value.buffer instanceof SharedArrayBuffer ? value : value.slice(),
    ]),
  );
}
