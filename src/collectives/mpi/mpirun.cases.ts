/** `mpirun` of this machine, for tests. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Reason for which tests with MPI are skipped; undefined where they run. */
export function whyWithoutMpi(): string | undefined {
  const { status, error } = spawnSync('mpirun', ['--version'], { encoding: 'utf8' });
  if (error || status !== 0) return 'mpirun is not there (on Debian: apt-get install openmpi-bin)';
  const { status: found } = spawnSync(
    process.execPath,
    ['-e', "import('koffi').catch(() => process.exit(1))"],
    { cwd: fileURLToPath(new URL('.', import.meta.url)) },
  );
  return found === 0 ? undefined : 'koffi is not installed (npm ci)';
}

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
  seconds: number;
}

/** Command line of some ranks. */
export interface Ranks {
  size: number;
  /** File of TypeScript and its arguments. */
  args: readonly string[];
  /** Working folder, where it is another than that of the other ranks. */
  folder?: string;
}

/** Runs a file of TypeScript on `size` ranks. */
export function mpirun(size: number, file: string, ...args: string[]): Promise<Finished> {
  return startRanks([{ size, args: [file, ...args] }]).ended;
}

/** Starts ranks, which may have different command lines. */
export function startRanks(
  ranks: readonly Ranks[],
  { cwd, env = {} }: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): { process: ChildProcess; ended: Promise<Finished> } {
  const parts = ranks.map(({ size, args, folder }) => [
    ...['-n', String(size), ...(folder === undefined ? [] : ['--wdir', folder])],
    ...[process.execPath, ...args],
  ]);
  const apart = parts.flatMap((part, i) => (i === 0 ? part : [':', ...part]));
  const started = performance.now();
  const child = spawn('mpirun', ['--allow-run-as-root', '--oversubscribe', ...apart], {
    cwd,
    env: {
      ...process.env,
      // Waiting ranks of a busy machine must not spin.
      OMPI_MCA_mpi_yield_when_idle: '1',
      NODE_NO_WARNINGS: '1',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code, stdout, stderr, seconds: (performance.now() - started) / 1000 }),
    );
  });
  return { process: child, ended };
}
