/** ONNX Runtime's own trace of what an engine runs, added up by operator. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine, Executable } from '../src/backends/index.ts';

/** A part of a piece of work, and its time. */
export interface ProfileRow {
  /**
   * The runtime's name of an operator, with its domain where that is not the standard, or what else
   * was timed.
   */
  operator: string;
  /** Calls and milliseconds of one piece of work. */
  calls: number;
  milliseconds: number;
  /** Of the sum over all parts. */
  share: number;
}

export interface TraceEvent {
  name: string;
  /** Microseconds. */
  dur: number;
  args?: { op_name?: string; output_type_shape?: unknown };
}

/**
 * The events of all that the work compiles and runs on the engine it is given, one program after
 * the other; traces are left in the folder.
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
      const executable = await engine.compile(program, { ...options, profile: join(folder, prefix) });
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
  // The runtime writes a trace when its program is disposed of.
  for (const executable of running) await executable.dispose();
  const files = readdirSync(folder).filter((name) => name.startsWith('trace-'));
  return files
    .toSorted()
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as TraceEvent[]);
}

export interface AddOptions {
  /**
   * How often the traced work was done, 2 or more; the first time, in which memory is found, does
   * not count.
   */
  times: number;
  /** `shape`: operators are told apart by their result's shape, too. */
  by?: 'operator' | 'shape';
}

/** Times of the operators' kernels, for one piece of work, the longest first. */
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

/** Parts with their shares of the sum, the longest first. */
export function withShares(parts: readonly Omit<ProfileRow, 'share'>[]): ProfileRow[] {
  const total = parts.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return parts
    .map((part) => ({ ...part, share: part.milliseconds / total }))
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
}
