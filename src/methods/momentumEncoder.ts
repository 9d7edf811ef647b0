/** Momentum encoders: their settings and their schedule. */
import { warmupCosine } from '../nn/index.ts';
import type { Moment } from './program.ts';
import { fraction } from './settings.ts';

export const momentumSettings = {
  encoderMomentum: fraction()
    .default(0.99)
    .describe('momentum of the momentum encoder at the start'),
  finalEncoderMomentum: fraction()
    .optional()
    .describe('momentum of the momentum encoder at the end, reached by a cosine; absent: constant'),
};

export interface MomentumSchedule {
  encoderMomentum: number;
  finalEncoderMomentum?: number | undefined;
}

/**
 * Momentum at a step: constant, or from `encoderMomentum` at the start to `finalEncoderMomentum` by
 * half a cosine, `m = m1 - (m1 - m0) (1 + cos(pi t / T)) / 2`.
 *
 * Source: Grill et al., "Bootstrap Your Own Latent", NeurIPS 2020 (arXiv:2006.07733), section 3.3,
 * with m1 = 1.
 */
export function encoderMomentumAt(
  { encoderMomentum, finalEncoderMomentum = encoderMomentum }: MomentumSchedule,
  { step, totalSteps }: Moment,
): number {
  const moves = { base: encoderMomentum, final: finalEncoderMomentum };
  return warmupCosine(step, { start: 0, ...moves, warmupSteps: 0, totalSteps });
}
