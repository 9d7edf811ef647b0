/**
 * The part of koffi that is used. The package is optional, and types must not depend on its
 * installation.
 */
declare module 'koffi' {
  /** Address of a symbol. */
  export type Pointer = bigint;
  /** Argument or result of a C function. Typed arrays are passed by address, without a copy. */
  export type Value = number | bigint | null | NodeJS.TypedArray;
  export interface LibraryHandle {
    func(
      name: string,
      result: string,
      parameters: readonly string[],
    ): (...values: Value[]) => number;
    symbol(name: string): Pointer;
  }
  export interface Koffi {
    readonly version: string;
    load(path: string, options?: { global?: boolean }): LibraryHandle;
  }
  const koffi: Koffi;
  export default koffi;
}
