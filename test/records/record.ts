/**
 * Trains a recipe by the command line and reduces what it leaves to hashes. Nothing but the command
 * line and the reader of safetensors is used, so that records hold across changes of the inner
 * structure.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { decodeSafetensors } from '../../src/formats/index.ts';
import { openWorkplace, type Workplace } from '../likeness.cases.ts';
import { IMAGES, type Recipe, recipes, shared } from './recipes.ts';
import { writeSource } from './source.ts';

/** SHA-256 of what a recipe leaves. */
export interface Recorded {
  /**
   * Names, types, shapes and bytes of all tensors of the final checkpoint; metadata is left out.
   */
  readonly checkpoint: string;
  /** The same of embeddings.safetensors. */
  readonly embeddings: string;
  /** Text of clusters.csv. */
  readonly clusters: string;
}

/** Facts that bytes depend on: kernels of the runtime are chosen by features of the processor. */
export interface Machine {
  readonly platform: string;
  readonly features: string;
  readonly runtime: string;
}

/** Contents of checkpoints.json. */
export interface Records {
  readonly machine: Machine;
  /** Facts for people, which are not compared. */
  readonly about: Readonly<Record<string, string>>;
  readonly records: Readonly<Record<string, Recorded>>;
}

export const recordsFile = new URL('./checkpoints.json', import.meta.url);
const planFile = new URL('./plan.json', import.meta.url);

/** Facts of this machine that bytes depend on. */
export function machineHere(): Machine {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as {
    version: string;
  };
  return {
    platform: `${process.platform} ${process.arch}`,
    features: featuresHere(),
    runtime: `onnxruntime-node ${version}`,
  };
}

/**
 * Vector features that no kernel of float32 uses: products of bytes, and intersections of lists.
 * Records made without them were equal on a processor that has both.
 */
const unused = ['avx_vnni', 'avx512_vp2intersect'];

/** Vector features of the processor; its model where the system does not list them. */
function featuresHere(): string {
  if (process.platform !== 'linux') return cpus()[0]?.model ?? 'unknown';
  const flags =
    /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  const vector = flags
    .split(/\s+/)
    .filter((flag) => /^(avx|fma|f16c|amx|asimd|sve|bf16|i8mm)/.test(flag))
    .filter((flag) => !unused.includes(flag));
  return vector.sort().join(' ');
}

export interface Recorder {
  /** Trains and clusters a recipe with `workers` threads that make views. */
  record(name: string, options: { workers: number }): Promise<Recorded>;
  close(): void;
}

/** Makes the source in a temporary folder; all recipes share its pixel cache. */
export function openRecorder(): Recorder {
  const place = openWorkplace();
  writeSource(join(place.path, 'source'), { train: IMAGES });
  let runs = 0;
  return {
    async record(name, { workers }) {
      const recipe = recipes[name]!;
      const run = `run-${runs++}`;
      if (recipe.plan === 'pinned') await pinPlan(place);
      await trained(place, run, recipe, workers);
      if (recipe.plan === 'pinned') checkPlan(join(place.path, run, 'plan.json'));
      await succeed(
        place,
        'cluster',
        'source',
        '--run',
        run,
        ...(recipe.cluster ?? ['-k', '5']),
        '--json',
      );
      return recordedIn(join(place.path, run));
    },
    close: place.remove,
  };
}

function trained(place: Workplace, run: string, { method, settings }: Recipe, workers: number) {
  const all = Object.entries({ ...shared, ...settings, workers }).flatMap(([name, value]) => [
    '--set',
    `${name}=${value}`,
  ]);
  const recipe = ['--method', method, '--preset', 'small-32', ...all];
  return succeed(place, 'train', 'source', '--out', run, ...recipe, '--json');
}

/**
 * Makes plan.json what this machine remembers of its kernels, which `likeness train` takes without
 * measuring. `likeness tune` measures a small step first, because the name of the file depends on
 * the machine.
 */
async function pinPlan({ path, ...place }: Workplace): Promise<void> {
  const small = [
    'width=8',
    'batchSize=8',
    'crops=2x16',
    'scales=0.2-1',
    `threads=${shared.threads}`,
  ];
  await succeed({ path, ...place }, 'tune', ...small.flatMap((text) => ['--set', text]), '--json');
  const [file, ...others] = globSync('cache/plan-*.json', { cwd: path });
  if (file === undefined || others.length > 0)
    throw new Error(`expected one plan in ${path}/cache`);
  writeFileSync(join(path, file), readFileSync(planFile));
}

/** Fails where the run chose another kernel than plan.json names. */
function checkPlan(file: string): void {
  const [used, pinned] = [file, planFile].map(
    (plan) => JSON.parse(readFileSync(plan, 'utf8')) as Record<string, string>,
  );
  const other = Object.keys(used!).filter((key) => used![key] !== pinned![key]);
  if (other.length > 0) throw new Error(`kernels are not those of plan.json: ${other.join('; ')}`);
}

async function succeed(place: Workplace, ...args: string[]): Promise<void> {
  const { code, stderr } = await place.run(...args);
  if (code !== 0) throw new Error(`likeness ${args.join(' ')} ended with ${code}: ${stderr}`);
}

function recordedIn(run: string): Recorded {
  const checkpoint = globSync('checkpoints/step-*.safetensors', { cwd: run }).sort().at(-1)!;
  return {
    checkpoint: tensorsHash(join(run, checkpoint)),
    embeddings: tensorsHash(join(run, 'embeddings.safetensors')),
    clusters: sha256(readFileSync(join(run, 'clusters.csv'))),
  };
}

function tensorsHash(file: string): string {
  const { tensors } = decodeSafetensors(readFileSync(file), file);
  const names = Object.keys(tensors).sort();
  const pieces = names.flatMap((name) => {
    const { dtype, shape, data } = tensors[name]!;
    return [
      `${JSON.stringify([name, dtype, shape])}\n`,
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    ];
  });
  return sha256(...pieces);
}

function sha256(...pieces: (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
