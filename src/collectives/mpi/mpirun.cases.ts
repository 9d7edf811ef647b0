/** `mpirun` of this machine, for tests. */
import { spawn, spawnSync } from 'node:child_process';
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

/** Runs a file of TypeScript on `size` ranks. */
export function mpirun(size: number, file: string, ...args: string[]): Promise<Finished> {
  const options = ['--allow-run-as-root', '--oversubscribe', '-n', String(size)];
  const started = performance.now();
  const child = spawn('mpirun', [...options, process.execPath, file, ...args], {
    // Waiting ranks of a busy machine must not spin.
    env: { ...process.env, OMPI_MCA_mpi_yield_when_idle: '1', NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code, stdout, stderr, seconds: (performance.now() - started) / 1000 }),
    );
  });
}
