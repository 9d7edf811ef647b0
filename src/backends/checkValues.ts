/** Values that a caller gives to a compiled program. */
import type { ValueSpec, Values } from '../compile/index.ts';
import { LikenessError } from '../core/errors.ts';
import { arrayTypes, showShape, sizeOf } from '../tensor/index.ts';

/**
 * Returns values of the state, after a check of their names, types and lengths.
 *
 * @throws LikenessError `state.unknown` and `input.mismatch`
 */
export function checkedState(state: readonly ValueSpec[], values: Values): Values {
  const known = new Set(state.map(({ name }) => name));
  for (const name of Object.keys(values)) {
    if (!known.has(name)) {
      throw new LikenessError(
        'state.unknown',
        `writeState: received "${name}"; expected one of ${[...known].join(', ')}`,
      );
    }
  }
  const written = state.filter(({ name }) => name in values);
  checkValues('writeState', written, values);
  return values;
}

/** Checks types and lengths. @throws LikenessError `input.mismatch` */
export function checkValues(caller: string, specs: readonly ValueSpec[], values: Values): void {
  for (const { name, shape, dtype } of specs) {
    const value = values[name];
    const kind = arrayTypes[dtype];
    if (!(value instanceof kind) || value.length !== sizeOf(shape)) {
      const received =
        value === undefined ? 'nothing' : `${value.constructor.name} of ${value.length} values`;
      throw new LikenessError(
        'input.mismatch',
        `${caller}: "${name}" received ${received}; ` +
          `expected ${kind.name} of shape ${showShape(shape)}`,
      );
    }
  }
}
