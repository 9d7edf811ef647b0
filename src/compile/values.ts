/** Values that go in and out of a compiled program. */
import type { DType, TensorData } from '../tensor/index.ts';

/** Data by name. */
export type Values = Record<string, TensorData>;

export interface ValueSpec {
  name: string;
  shape: readonly number[];
  dtype: DType;
}

/** A value that stays on the device between runs. */
export interface StateSpec extends ValueSpec {
  /** Output of the graph that replaces the value. Absent: the value is frozen. */
  output?: string;
  /** Layout in which the device stores the value. Absent: plain. */
  layout?: string;
  /** False where the value is only written, and is no input of the graph. */
  read: boolean;
}
