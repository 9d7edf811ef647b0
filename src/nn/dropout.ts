/**
 * Dropout inside a step, from random numbers that cost almost nothing to feed.
 *
 * A mask over activations [N, F] needs N F random numbers, 2.4 million for the first layer of
 * AlexNet's classifier at batch 256. Instead of drawing them, a step draws one number r per row and
 * two, k and c, per column, and mixes them:
 *
 *   u_nf = frac((k_f r_n + c_f) / 4096),   dropped where u_nf < rate
 *
 * with whole numbers r (distinct within 4,096 rows) and c below 4096 and k below 2048. This is
 * multiply-shift hashing (Dietzfelbinger, "Universal hashing and k-wise independent random
 * variables via integer arithmetic without primes", STACS 1996): each u is uniform on 4,096 steps,
 * columns are mutually independent for fixed rows, and at rate 1/2 any two masks are. All numbers
 * stay below 2^24, so float32 is exact and every device has the same mask.
 *
 * Source of dropout: Srivastava et al., JMLR 15, 2014. Activations are scaled in training, by `1 /
 * (1 - rate)`.
 */
import { randomAt } from '../core/random.ts';
import { add, dropout, floor, input, mul, reshape, sub, type Tensor } from '../tensor/index.ts';

const STEPS = 4096;
const FACTORS = 2048;

/** Drops out activations [N, F] of a named layer. */
export type Drop = (x: Tensor, layer: string, options?: DropOptions) => Tensor;

export interface DropOptions {
  /** Replica whose rows they are, of replicas that each drop out rows of their own. Default: 0. */
  rank?: number;
}

export interface DropoutSource {
  drop: Drop;
  /** Inputs of all layers with dropout for a step. Every draw is keyed by (seed, step, layer). */
  draws(step: number, seed: number): Record<string, Float32Array<ArrayBuffer>>;
}

/** `u` [N, F] in [0, 1) of whole numbers per row [N] and per column [F]. */
export function hashedUniform(
  rows: Tensor,
  { factors, offsets }: { factors: Tensor; offsets: Tensor },
): Tensor {
  const mixed = add(mul(reshape(rows, [-1, 1]), factors), offsets); // [N, F], below 2^24
  const u = mul(mixed, 1 / STEPS);
  return sub(u, floor(u));
}

/** Dropout for a step: `drop` applies it to a layer, and `draws` makes the inputs that it reads. */
export function createDropout({ rate = 0.5 }: { rate?: number } = {}): DropoutSource {
  const layers: { layer: string; rows: number; first: number; columns: number }[] = [];
  return {
    drop(x, layer, { rank = 0 } = {}) {
      const [rows, columns] = x.shape as [number, number];
      layers.push({ layer, rows, first: rank * rows, columns });
      const r = input(`dropout.${layer}.rows`, [rows]);
      const factors = input(`dropout.${layer}.factors`, [columns]);
      const offsets = input(`dropout.${layer}.offsets`, [columns]);
      return dropout(x, hashedUniform(r, { factors, offsets }), { rate }); // [N, F]
    },
    draws(step, seed) {
      return Object.fromEntries(
        layers.flatMap(({ layer, rows, first, columns }, i) => {
          const random = randomAt(seed, 'dropout', step, i);
          const shuffled = random.shuffle(Float32Array.from({ length: STEPS }, (_, at) => at));
          const below = (n: number) => new Float32Array(columns).map(() => random.integer(n));
          return [
            [
              `dropout.${layer}.rows`,
              new Float32Array(rows).map((_, n) => shuffled[(first + n) % STEPS]!),
            ],
            [`dropout.${layer}.factors`, below(FACTORS)],
            [`dropout.${layer}.offsets`, below(STEPS)],
          ];
        }),
      );
    },
  };
}
