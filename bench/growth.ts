/**
 * Measures time and memory of one step of SwAV by prototypes, crops and threads, one varied at a
 * time.
 */
import { availableParallelism } from 'node:os';
import { ownContender } from './contenders.ts';
import type { SwavShape } from './swav.ts';
import { takeTurns } from './turns.ts';

export interface GrowthRow {
  /** Varied quantity and its value, such as `prototypes-512`. */
  name: string;
  varied: 'prototypes' | 'crops' | 'threads';
  value: string;
  /** Time of one step. */
  milliseconds: number;
  /** Peak resident memory of the process. */
  megabytes: number | null;
}

/** Base values. */
const base: SwavShape = {
  ...{ architecture: 'resnet18', stem: 'cifar', width: 16, batch: 128, crops: '2x32' },
  ...{ prototypes: 512, hiddenLength: 512, queueLength: 1024 },
};

const variations: Readonly<Record<GrowthRow['varied'], readonly string[]>> = {
  prototypes: ['512', '1024', '3072', '10240'],
  crops: ['2x32', '2x32+2x16', '2x32+4x16', '2x32+8x16', '4x32'],
  threads: Array.from({ length: Math.log2(availableParallelism()) + 1 }, (_, i) => String(2 ** i)),
};

/** Measures all variations, of this step or of a smaller one. */
export async function benchmarkGrowth({
  shape = base,
  varied = variations,
  onProgress = () => {},
  onRow = () => {},
}: {
  shape?: SwavShape;
  varied?: Readonly<Partial<Record<GrowthRow['varied'], readonly string[]>>>;
  onProgress?: (what: string) => void;
  /** Receives each row as soon as it is measured. */
  onRow?: (row: GrowthRow) => void;
} = {}): Promise<GrowthRow[]> {
  const rows: GrowthRow[] = [];
  for (const [kind, values] of Object.entries(varied)) {
    for (const value of values) {
      onProgress(`${kind} ${value} …`);
      const isThreads = kind === 'threads';
      const one = isThreads
        ? shape
        : { ...shape, [kind]: kind === 'crops' ? value : Number(value) };
      const threads = isThreads ? Number(value) : availableParallelism();
      const step = ownContender({ module: './swav.ts', args: { shape: one }, threads });
      const { ours, megabytes } = await takeTurns(step, [], { rounds: 1 });
      const row = { name: `${kind}-${value}`, varied: kind as GrowthRow['varied'], value };
      rows.push({ ...row, milliseconds: ours, megabytes });
      onRow(rows.at(-1)!);
    }
  }
  return rows;
}
