/** ONNX Runtime's trace of the programs of an engine, summed by operator. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine, Executable } from '../src/backends/index.ts';

/** Part of a unit of work, with its time. */
export interface ProfileRow {
  /**
   * Name of the operator in ONNX Runtime, with any non-standard domain, or of another timed part.
   */
  operator: string;
  /** Calls and milliseconds per unit of work. */
  calls: number;
  milliseconds: number;
  /** Fraction of the sum over all parts. */
  share: number;
}

export interface TraceEvent {
  name: string;
  /** Microseconds. */
  dur: number;
  args?: { op_name?: string; output_type_shape?: unknown };
}

/**
 * Collects the trace events of all programs that the work compiles and runs on its engine. The
 * traces stay in the folder.
 */
export async function traceOf(
  engine: Engine,
  folder: string,
  work: (traced: Engine) => Promise<void>,
): Promise<TraceEvent[]> {
  const running = new Set<Executable>();
  let count = 0;
  const traced: Engine = {
    ...engine,
    async compile(program, options) {
      const prefix = `trace-${String(count++).padStart(4, '0')}`;
      const executable = await engine.compile(program, {
        ...options,
        profile: join(folder, prefix),
      });
      const own: Executable = {
        ...executable,
        dispose() {
          running.delete(own);
          return executable.dispose();
        },
      };
      running.add(own);
      return own;
    },
  };
  await work(traced);
  // ONNX Runtime writes the trace when its session is released.
  for (const executable of running) await executable.dispose();
  const files = readdirSync(folder).filter((name) => name.startsWith('trace-'));
  return files
    .toSorted()
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as TraceEvent[]);
}

export interface AddOptions {
  /** Repetitions of the traced work, at least 2. The first allocates and does not count. */
  times: number;
  /** `shape` also separates operators by the shape of their result. */
  by?: 'operator' | 'shape';
}

/** Sums the kernel times per unit of work, longest first. */
export function operatorTimes(
  trace: readonly TraceEvent[],
  { times, by = 'operator' }: AddOptions,
): ProfileRow[] {
  const kernels = trace.filter(({ name }) => name.endsWith('_kernel_time'));
  const counted = kernels.slice(kernels.length / times);
  const found = new Map<string, { calls: number; microseconds: number }>();
  for (const { dur, args } of counted) {
    const shape = by === 'shape' ? ` ${JSON.stringify(args?.output_type_shape)}` : '';
    const key = `${args?.op_name}${shape}`;
    const sum = found.get(key) ?? { calls: 0, microseconds: 0 };
    found.set(key, { calls: sum.calls + 1, microseconds: sum.microseconds + dur });
  }
  return withShares(
    [...found].map(([operator, { calls, microseconds }]) => ({
      operator,
      calls: calls / (times - 1),
      milliseconds: microseconds / 1000 / (times - 1),
    })),
  );
}

/** Adds fractions of the sum to the parts and sorts them, longest first. */
export function withShares(parts: readonly Omit<ProfileRow, 'share'>[]): ProfileRow[] {
  const total = parts.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return parts
    .map((part) => ({ ...part, share: part.milliseconds / total }))
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
}
