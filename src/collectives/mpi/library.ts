/** The MPI library of this machine, loaded through koffi. */
import type { Koffi, LibraryHandle, Value } from 'koffi';
import { LikenessError, reasonOf } from '../../core/errors.ts';
import { type Abi, findAbi } from './abi.ts';
import type { Launcher } from './launcher.ts';

/** Loaded MPI library. */
export interface MpiLibrary {
  readonly abi: Abi;
  /** Name of the file as the loader takes it. */
  readonly file: string;
  /** First line of what the library says about itself. */
  readonly version: string;
  readonly koffiVersion: string;
  /**
   * Calls a function of MPI. `parameters` has a letter per argument: `p` for pointers, `i` for
   * integers and `h` for handles.
   *
   * @throws `mpi.failed` if the function does not return MPI_SUCCESS.
   */
  call(name: string, parameters: string, ...values: Value[]): void;
}

/** Names of the files that hold MPI, by family and platform; the loader searches its folders. */
const files: Readonly<Record<Abi['name'], Partial<Record<NodeJS.Platform, readonly string[]>>>> = {
  'Open MPI': {
    linux: ['libmpi.so.40', 'libmpi.so'],
    darwin: ['libmpi.dylib', '/opt/homebrew/lib/libmpi.dylib', '/usr/local/lib/libmpi.dylib'],
  },
  MPICH: {
    linux: ['libmpich.so.12', 'libmpi.so.12', 'libmpi.so'],
    darwin: ['libmpi.dylib', '/opt/homebrew/lib/libmpi.dylib', '/usr/local/lib/libmpi.dylib'],
    win32: ['msmpi.dll'],
  },
};

/** Variable of the environment that names the file of the MPI library. */
export const LIBRARY_VARIABLE = 'LIKENESS_MPI';

/** Files that are tried, those of the launcher's family first. */
export function libraryFiles(
  launcher: Launcher | undefined,
  {
    platform = process.platform,
    named = process.env[LIBRARY_VARIABLE],
  }: { platform?: NodeJS.Platform; named?: string } = {},
): string[] {
  if (named !== undefined && named !== '') return [named];
  const families: Abi['name'][] =
    launcher?.family === 'MPICH' ? ['MPICH', 'Open MPI'] : ['Open MPI', 'MPICH'];
  return [...new Set(families.flatMap((family) => files[family][platform] ?? []))];
}

/** Loads koffi, which is an optional dependency. */
async function loadKoffi(): Promise<Koffi> {
  try {
    return (await import('koffi')).default;
  } catch (error) {
    throw new LikenessError(
      'mpi.koffi',
      `mpi: received no usable package koffi (${reasonOf(error).split('\n')[0]}); ` +
        'expected koffi 3, which calls the MPI library. Run npm install koffi',
      { cause: error },
    );
  }
}

/**
 * Loads koffi and the first MPI library that is found.
 *
 * @throws `mpi.koffi` without koffi, `mpi.library` without a library.
 */
export async function loadLibrary(launcher: Launcher | undefined): Promise<MpiLibrary> {
  const koffi = await loadKoffi();
  const tried = libraryFiles(launcher);
  const reasons: string[] = [];
  for (const file of tried) {
    let handle: LibraryHandle;
    try {
      // Plugins of Open MPI look for its symbols among the global ones.
      handle = koffi.load(file, { global: true });
    } catch (error) {
      reasons.push(`${file}: ${reasonOf(error)}`);
      continue;
    }
    const abi = findAbi(handle);
    if (abi) return describe(handle, { abi, file, koffiVersion: koffi.version });
    reasons.push(`${file}: neither the symbols of Open MPI nor those of MPICH`);
  }
  throw new LikenessError(
    'mpi.library',
    `mpi: received no MPI library (tried ${tried.join(', ') || 'nothing on this platform'}); ` +
      `expected Open MPI or MPICH. Install it, such as openmpi-bin on Debian, or name its file in ` +
      `${LIBRARY_VARIABLE}`,
    { cause: reasons.join('\n') },
  );
}

function describe(
  handle: LibraryHandle,
  { abi, ...facts }: { abi: Abi; file: string; koffiVersion: string },
): MpiLibrary {
  const types: Record<string, string> = { p: 'void *', i: 'int', h: abi.handle };
  const functions = new Map<string, (...values: Value[]) => number>();
  const call = (name: string, parameters: string, ...values: Value[]) => {
    let run = functions.get(name);
    if (run === undefined) {
      run = handle.func(
        name,
        'int',
        Array.from(parameters, (letter) => types[letter]!),
      );
      functions.set(name, run);
    }
    const code = run(...values);
    if (code !== 0) {
      throw new LikenessError('mpi.failed', `mpi: received code ${code} from ${name}; expected 0`);
    }
  };
  // Longest text of any library: MPICH's has 8,192 bytes.
  const text = Buffer.alloc(8192);
  const length = new Int32Array(1);
  call('MPI_Get_library_version', 'pp', text, length);
  const [version = ''] = text.toString('utf8', 0, length[0]).split(/[\0\n]/);
  return { abi, ...facts, version: shortVersion(version), call };
}

/** Name and version out of what a library says about itself, such as `Open MPI 4.1.4`. */
export function shortVersion(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const open = /^Open MPI v?([\w.]+)/.exec(line);
  if (open) return `Open MPI ${open[1]}`;
  const other = /^(.*?)\s*Version\s*:?\s*([\w.]+)/i.exec(line);
  return other ? `${other[1]} ${other[2]}`.trim() : line.slice(0, 80);
}
