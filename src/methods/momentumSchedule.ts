/** How the momentum of a momentum encoder moves over a run. */
import { warmupCosine } from '../nn/index.ts';
import type { Moment } from './method.ts';
import type { Settings } from './settings.ts';

/**
 * The momentum at a step: constant, or from `encoderMomentum` at the start to `finalEncoderMomentum` by half a cosine,
 * `m = m1 - (m1 - m0) (1 + cos(pi t / T)) / 2`.
 *
 * Source: Grill et al., "Bootstrap Your Own Latent", NeurIPS 2020 (arXiv:2006.07733), section 3.3, with m1 = 1.
 */
export function encoderMomentumAt(
  {
    encoderMomentum,
    finalEncoderMomentum = encoderMomentum,
  }: Pick<Settings, 'encoderMomentum' | 'finalEncoderMomentum'>,
  { step, totalSteps }: Moment,
): number {
  const moves = { base: encoderMomentum, final: finalEncoderMomentum };
  return warmupCosine(step, { start: 0, ...moves, warmupSteps: 0, totalSteps });
}
