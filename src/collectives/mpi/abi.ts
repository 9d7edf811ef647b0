/**
 * The binary interface of an MPI library.
 *
 * Open MPI's handles are pointers to exported symbols. Those of MPICH and its kin (Intel MPI,
 * MVAPICH, Cray MPICH, Microsoft MPI) are 32-bit integers from `mpi.h`, which the MPICH ABI
 * Compatibility Initiative keeps.
 */
import type { LibraryHandle, Value } from 'koffi';
import type { ValueType } from '../call.ts';
import type { Reduction } from '../communicator.ts';

/** Handles and constants of a library, and the C types of its handles. */
export interface Abi {
  readonly name: 'Open MPI' | 'MPICH';
  /** Form of the handles in words. */
  readonly handles: string;
  /** C type of handles. */
  readonly handle: 'void *' | 'int';
  readonly world: Value;
  readonly types: Readonly<Record<ValueType, Value>>;
  readonly reductions: Readonly<Record<Reduction, Value>>;
  /** `MPI_IN_PLACE` */
  readonly inPlace: bigint;
}

/** True where the library exports a symbol. */
function exports(library: LibraryHandle, name: string): boolean {
  try {
    return library.symbol(name) !== 0n;
  } catch {
    return false;
  }
}

/** Symbols that MPICH's kin exports, and others do not: of MPICH itself, and of Microsoft MPI. */
const mpichSymbols = ['MPIR_F08_MPI_IN_PLACE', 'MPIR_Dup_fn', 'MSMPI_Get_version'];

/** Finds the interface of a library by its exported symbols; undefined for an unknown one. */
export function findAbi(library: LibraryHandle): Abi | undefined {
  if (exports(library, 'ompi_mpi_comm_world')) {
    return {
      name: 'Open MPI',
      handles: 'handles are pointers to exported symbols',
      handle: 'void *',
      world: library.symbol('ompi_mpi_comm_world'),
      types: {
        float32: library.symbol('ompi_mpi_float'),
        float64: library.symbol('ompi_mpi_double'),
        int32: library.symbol('ompi_mpi_int'),
      },
      reductions: {
        sum: library.symbol('ompi_mpi_op_sum'),
        max: library.symbol('ompi_mpi_op_max'),
      },
      inPlace: 1n,
    };
  }
  if (!mpichSymbols.some((name) => exports(library, name))) return undefined;
  return {
    name: 'MPICH',
    handles: 'handles are integers',
    handle: 'int',
    world: 0x44000000,
    types: { float32: 0x4c00040a, float64: 0x4c00080b, int32: 0x4c000405 },
    reductions: { sum: 0x58000003, max: 0x58000001 },
    // The pointer -1.
    inPlace: 0xffff_ffff_ffff_ffffn,
  };
}
