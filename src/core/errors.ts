/**
 * The one error type that people are meant to read.
 *
 * A message names the argument, the value received, what was expected, and the next step. The
 * command line prints `message` alone, without a stack trace. Any other error is a defect of ours
 * and keeps its trace.
 */
export class LikenessError extends Error {
  override readonly name = 'LikenessError';
  /** Stable identifier of the kind of failure, for scripts, such as `source.missing`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Text of any thrown value, for messages that wrap another failure. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
