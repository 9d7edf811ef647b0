/** The communicator of MPI: one process per rank, on one machine or on many. */
import { writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { LikenessError, reasonOf } from '../../core/errors.ts';
import { plural } from '../../core/text.ts';
import { alone } from '../alone.ts';
import { CALL_FIELDS, typeOf } from '../call.ts';
import type { CollectiveArray, Communicator } from '../communicator.ts';
import { gatherTexts } from '../gatherTexts.ts';
import { createCommunicator, partOf, type Transport } from '../transport.ts';
import { findLauncher } from './launcher.ts';
import { loadLibrary, type MpiLibrary } from './library.ts';
import { complete } from './requests.ts';

export interface MpiOptions {
  /** Values that one call of MPI moves at most, below 2^31. Default 2^30. */
  pieceLength?: number;
}

/** Milliseconds that other ranks leave to rank 0, which prints an error that all have. */
const GRACE_MS = 3000;

/**
 * Communicator of the ranks that `mpirun`, `mpiexec` or `srun` has started. A process that was
 * started alone is its own only rank, and loads nothing.
 *
 * @throws `mpi.koffi` or `mpi.library` if a launcher is there and what calls MPI is not, and
 * `mpi.launcher` if library and launcher are of different MPIs.
 */
export async function openRanks(options: MpiOptions = {}): Promise<Communicator> {
  const launcher = findLauncher();
  if (launcher === undefined) return alone();
  const library = await loadLibrary(launcher);
  return openMpi(library, { ...options, expected: launcher.size, launcherName: launcher.name });
}

/** Communicator of all ranks of a loaded library. */
async function openMpi(
  library: MpiLibrary,
  {
    pieceLength = 2 ** 30,
    expected,
    launcherName,
  }: MpiOptions & { expected: number | undefined; launcherName: string },
): Promise<Communicator> {
  const { abi, call } = library;
  const FUNNELED = 1;
  const numberOf = (name: string) => {
    const found = new Int32Array(1);
    call(name, 'hp', abi.world, found);
    return found[0]!;
  };
  call('MPI_Init_thread', 'ppip', null, null, FUNNELED, new Int32Array(1));
  const [rank, size] = [numberOf('MPI_Comm_rank'), numberOf('MPI_Comm_size')];
  if (expected !== undefined && expected !== size) {
    call('MPI_Finalize', '');
    throw new LikenessError(
      'mpi.launcher',
      `mpi: received ${plural(size, 'rank')} from ${library.version} (${library.file}); expected ` +
        `${expected} as ${launcherName} has started. Use the launcher of the same MPI, or name its ` +
        'library in LIKENESS_MPI',
    );
  }

  let isOver = false;
  const end = (code: number) => {
    isOver = true;
    call('MPI_Abort', 'hi', abi.world, code);
  };
  const say = (reason: string) => {
    // MPI_Abort ends the process before a stream would have written it.
    writeSync(2, `error on rank ${rank} (${hostname()}), which ends all ranks: ${reason}\n`);
  };
  process.once('exit', (code) => {
    if (isOver) return;
    say(`the process ended with exit code ${code} while others may wait for it`);
    end(Number(code) || 1);
  });

  const transport = createTransport(library, { rank, size, pieceLength });
  const communicator = (hosts: readonly string[]) =>
    createCommunicator({
      ...transport,
      hosts,
      async close() {
        isOver = true;
        call('MPI_Finalize', '');
      },
      async abort(error) {
        if (isOver) return;
        // All ranks have an error of agreement, and one message is enough.
        const isShared = error instanceof LikenessError && error.code === 'collective.differs';
        if (isShared && rank > 0) await sleep(GRACE_MS);
        else say(reasonOf(error));
        end(1);
      },
    });
  const unnamed = communicator(Array.from({ length: size }, (_, i) => `host of rank ${i}`));
  return communicator(await gatherTexts(unnamed, hostname()));
}

/** Calls of MPI in pieces of at most `pieceLength` values, because MPI counts in 32 bits. */
export function createTransport(
  library: MpiLibrary,
  { rank, size, pieceLength }: { rank: number; size: number; pieceLength: number },
): Omit<Transport, 'hosts' | 'close' | 'abort'> {
  const { abi } = library;
  const typeHandle = (values: CollectiveArray) => abi.types[typeOf(values)!];
  async function inPieces(
    length: number,
    move: (from: number, to: number) => Promise<void>,
  ): Promise<void> {
    for (let from = 0; from < length; from += pieceLength) {
      await move(from, Math.min(length, from + pieceLength));
    }
  }
  const reduceAll = (values: CollectiveArray, reduction: 'sum' | 'max') =>
    complete(
      library,
      'MPI_Iallreduce',
      'ppihhh',
      abi.inPlace,
      values,
      values.length,
      typeHandle(values),
      abi.reductions[reduction],
      abi.world,
    );
  const send = (values: CollectiveArray, root: number) =>
    complete(
      library,
      'MPI_Ibcast',
      'pihih',
      values,
      values.length,
      typeHandle(values),
      root,
      abi.world,
    );
  const gather = (values: CollectiveArray, into: CollectiveArray) =>
    complete(
      library,
      'MPI_Iallgather',
      'pihpihh',
      values,
      values.length,
      typeHandle(values),
      into,
      values.length,
      typeHandle(values),
      abi.world,
    );

  return {
    rank,
    size,
    async agree(call) {
      // Maximum and minimum of each number are its own if all ranks have the same.
      const bounds = new Float64Array(2 * CALL_FIELDS);
      bounds.set(call);
      bounds.set(
        call.map((value) => -value),
        CALL_FIELDS,
      );
      await reduceAll(bounds, 'max');
      const isEqual = call.every((_, i) => bounds[i] === -bounds[i + CALL_FIELDS]!);
      if (isEqual) return undefined;
      const all = new Float64Array(size * CALL_FIELDS);
      await gather(call, all);
      return Array.from({ length: size }, (_, i) =>
        all.slice(i * CALL_FIELDS, (i + 1) * CALL_FIELDS),
      );
    },
    allReduce: (values, reduction) =>
      inPieces(values.length, (from, to) => reduceAll(partOf(values, from, to), reduction)),
    async allGather(values, into) {
      if (into.length <= pieceLength) return gather(values, into);
      const n = values.length;
      into.set(values, rank * n);
      for (let root = 0; root < size; root++) {
        await inPieces(n, (from, to) => send(partOf(into, root * n + from, root * n + to), root));
      }
    },
    broadcast: (values, root) =>
      inPieces(values.length, (from, to) => send(partOf(values, from, to), root)),
    async reduceScatter(values, into, reduction) {
      const n = into.length;
      const operation = abi.reductions[reduction];
      if (values.length <= pieceLength) {
        return complete(
          library,
          'MPI_Ireduce_scatter_block',
          'ppihhh',
          values,
          into,
          n,
          typeHandle(values),
          operation,
          abi.world,
        );
      }
      for (let root = 0; root < size; root++) {
        await inPieces(n, (from, to) =>
          complete(
            library,
            'MPI_Ireduce',
            'ppihhih',
            partOf(values, root * n + from, root * n + to),
            rank === root ? partOf(into, from, to) : null,
            to - from,
            typeHandle(values),
            operation,
            root,
            abi.world,
          ),
        );
      }
    },
  };
}
