/**
 * The lines that a method stands on, each with a way to break it and the test that notices.
 *
 * `from` is text that occurs once in its file; `to` takes its place. The broken source must still load: what is to
 * fail is a golden vector, an equality with PyTorch, an invariant or a gate, by the name in `caughtBy`.
 */
export interface Mutation {
  /** What is broken, in words. */
  readonly line: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Test file, and a part of a test's name. */
  readonly caughtBy: readonly [file: string, name: string];
}
