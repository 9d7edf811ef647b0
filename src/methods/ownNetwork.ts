/** Refuses pretrained models for methods that need a network of likeness. */
import { LikenessError } from '../core/errors.ts';
import { type Architecture, IMPORTED, PRETRAINED } from '../nn/index.ts';

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
