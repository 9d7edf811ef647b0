declare module 'picomatch' {
  interface Options {
    /** Lets `*` match names that begin with a dot. */
    dot?: boolean;
    /** Compares a pattern without a slash with the last part of a path. */
    basename?: boolean;
  }
  /** Compiles glob patterns. The function tells if any of them matches a path. */
  export default function picomatch(
    patterns: readonly string[],
    options?: Options,
  ): (path: string) => boolean;
}
