/**
 * The CPU backend: ONNX Runtime in a worker thread, with NCHWc kernels where a probe finds them.
 */
import { type Candidates, encodeOnnx, type OnnxGraph, type Target } from '../../compile/index.ts';
import type { Backend, SessionSettings } from '../backend.ts';
import { frozenKernel, kernelCandidates } from './candidates.ts';
import { chooseFilterLayouts } from './chooseFilterLayouts.ts';
import { cpuLowering } from './lowering.ts';
import { type Capabilities, REORDERINGS } from './nchwc.ts';
import { probeBlocks, type RunProbe } from './probe.ts';
import type { Ask, SessionSpec } from './protocol.ts';
import { openSession } from './session.ts';
import { openTable } from './table.ts';
import { startWorker } from './workerThread.ts';

/** Rounds of timing, in each of which every candidate has a turn. */
const ROUNDS = 5;

export interface CpuOptions {
  threads: number;
  /** Default: probed. */
  capabilities?: Capabilities;
}

/** Starts the worker thread and probes its NCHWc operators. */
export async function openCpu({ threads, capabilities }: CpuOptions): Promise<Backend> {
  const { ask, close } = startWorker(threads);
  const known = capabilities ?? { block: await probeBlocks(probeRunner(ask)) };
  return {
    name: 'cpu',
    threads,
    target: (settings: SessionSettings = {}) =>
      cpuTarget({ ...known, isSerial: (settings.threads ?? threads) === 1 }),
    open: (program, options) => openSession(ask, program, { ...options, block: known.block }),
    openTable: () => openTable(ask),
    time: (candidates, { signal } = {}) => time(ask, candidates, signal),
    memory: () => ask<number>({ kind: 'memory' }),
    close,
  };
}

/** Times candidates on the worker thread, until the signal is aborted. */
async function time(
  ask: Ask,
  { models, inputs, outputs }: Candidates,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  signal?.throwIfAborted();
  // Shared memory, because the thread reads no message while it times.
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const abort = () => void Atomics.store(stop, 0, 1);
  signal?.addEventListener('abort', abort);
  try {
    const times = await ask<number[]>({
      kind: 'compare',
      models: models.map((model: OnnxGraph) => encodeOnnx(model)),
      values: { inputs, outputs },
      ...{ rounds: ROUNDS, stop },
    });
    signal?.throwIfAborted();
    return times;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** The CPU with these capabilities, as the compiler sees it. */
export function cpuTarget(capabilities: Capabilities): Target {
  const lowering = cpuLowering(capabilities);
  return {
    passes: [chooseFilterLayouts(capabilities)],
    lowering,
    choice: {
      kernels: lowering.kernels,
      frozenKernel,
      candidates: (node, kernels) => kernelCandidates(node, kernels, { lowering, ...capabilities }),
    },
    hoistable: REORDERINGS,
  };
}

/** Runs probes on the worker thread. */
function probeRunner(ask: Ask): RunProbe {
  return async ({ model, inputs, outputs }, values) => {
    const spec = { model, inputs, outputs: outputs.flat(), state: [] } as SessionSpec;
    const session = await ask<number>({ kind: 'create', spec });
    try {
      return await ask({ kind: 'run', session, inputs: values });
    } finally {
      await ask<void>({ kind: 'release', session });
    }
  };
}
