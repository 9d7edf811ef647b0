/** Refuses networks that a method cannot learn with. */
import { LikenessError } from '../core/errors.ts';
import { type Architecture, IMPORTED, PRETRAINED } from '../nn/index.ts';
import type { StepContext } from './program.ts';

/** Kinds of input that a method can learn from. */
export type MethodInput = 'any' | 'images';

/**
 * Refuses stored features and imported networks for a method that learns from images with a network
 * of its own.
 *
 * @throws LikenessError `method.encoder`
 */
export function requireOwnNetwork(
  { name, input }: { name: string; input: MethodInput },
  architecture: Architecture | undefined,
): void {
  const isModel = architecture === PRETRAINED || architecture === IMPORTED;
  if (input === 'any' || !isModel) return;
  throw new LikenessError(
    'method.encoder',
    `method: received "${name}" with a pretrained model; expected no model, because the method ` +
      'learns from pixels with a network of its own. Leave out the encoder, or name a method such ' +
      'as simclr.',
  );
}

/**
 * Refuses every network but the one that is part of the method, and filters before it.
 *
 * @throws LikenessError `method.encoder`
 */
export function requireArchitecture(
  method: string,
  expected: Architecture,
  { encoder: { architecture = 'resnet18', frontEnd = 'none' } }: Pick<StepContext, 'encoder'>,
): void {
  const [name, received, wanted] =
    architecture === expected
      ? ['frontEnd', frontEnd, 'none']
      : ['architecture', architecture, expected];
  if (received === wanted) return;
  throw new LikenessError(
    'method.encoder',
    `${name}: received "${received}" with method ${method}; expected "${wanted}", because the ` +
      `network is part of the method. Set ${name}=${wanted}, or leave ${name} out.`,
  );
}
