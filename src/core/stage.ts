/** Stages of work whose items are counted. */
import type { Reporter } from './reporter.ts';
import { plural, showCount } from './text.ts';

export interface StageOptions {
  /** Stable name, such as `kmeans`. */
  readonly stage: string;
  /** Line for people, to which the count is added, such as `learning a dictionary`. */
  readonly text: string;
  /** Number of items in all, which does not change. Absent where it is not known. */
  readonly total?: number;
  /** Name of an item, such as `image`. */
  readonly unit: string;
}

/**
 * Begins a stage and reports it at once.
 *
 * @returns a function that reports the number of items done. Numbers that are not larger than an
 * earlier one are left out, and those above the total count as the total.
 */
export function beginStage(
  reporter: Pick<Reporter, 'progress'>,
  { stage, text, total, unit }: StageOptions,
): (done: number) => void {
  let last = 0;
  reporter.progress({ stage, text, done: 0, ...(total !== undefined && { total }) });
  return (reached) => {
    const done = Math.min(reached, total ?? reached);
    if (done <= last) return;
    last = done;
    const count =
      total === undefined ? plural(done, unit) : `${showCount(done)} of ${plural(total, unit)}`;
    reporter.progress({
      ...{ stage, text: `${text}: ${count}`, done },
      ...(total !== undefined && { total }),
    });
  };
}

/** Counts a stage whose total is known with the first report, and does not change afterwards. */
export function countStage(
  reporter: Pick<Reporter, 'progress'>,
  stage: Omit<StageOptions, 'total'>,
): (done: number, of: number) => void {
  let advance: ((done: number) => void) | undefined;
  return (done, of) => {
    advance ??= beginStage(reporter, { ...stage, total: of });
    advance(done);
  };
}
