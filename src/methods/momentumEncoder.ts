/** Momentum encoders: their settings, their schedule, and their features between epochs. */

import type { Program } from '../compile/index.ts';
import { createVariables, encode, warmupCosine } from '../nn/index.ts';
import { input } from '../tensor/index.ts';
import { normalizeImages } from './inference.ts';
import type { Project } from './model.ts';
import type { Moment, StepContext } from './program.ts';
import { fraction } from './settings.ts';

export const momentumSettings = {
  encoderMomentum: fraction().default(0.99).describe('momentum of the momentum encoder at the start'),
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

/**
 * The key encoder and its head in evaluation mode, as a phase runs them over all images: `images`
 * to `features` [B, D].
 */
export function keyProgram(
  project: Project,
  {
    encoder,
    normalize,
    batchSize,
    imageSize: s,
  }: Pick<StepContext, 'encoder' | 'normalize' | 'batchSize' | 'imageSize'>,
): Program {
  const variables = createVariables({ mode: 'evaluate', prefix: 'key.' });
  const images = input('images', [batchSize, 3, s, s], 'uint8');
  const features = project(variables, encode(variables, normalizeImages(images, normalize), encoder)); // [B, D]
  const stored = [...variables.parameters(), ...variables.buffers()];
  return {
    name: 'key-encoder',
    outputs: { features },
    state: stored.map(({ tensor }) => ({ current: tensor })),
  };
}
