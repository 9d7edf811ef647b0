/** Lines of the methods that tell images apart or predict views. */
import type { Mutation } from './mutation.cases.ts';

const ofContrast = 'contrastive.test.ts';

export const instances = {
  simclr: [
    {
      line: 'pixels are divided by 255',
      in: 'normalizeImages',
      find: '1 / (255 * s)',
      to: '1 / (256 * s)',
      caughtBy: ['inference.test.ts', 'normalizeImages'],
    },
    {
      line: 'a row is no candidate for itself',
      in: 'ntXent',
      find: 'maskFill($S, isSelf, $masked)',
      to: '$S',
      caughtBy: [ofContrast, 'gives the golden loss'],
    },
    {
      line: 'the partner is the other view',
      in: 'ntXent',
      find: '(i + R) % $rows',
      to: '(i + 1) % $rows',
      caughtBy: [ofContrast, 'gives the golden loss'],
    },
    {
      line: 'embeddings lie on the sphere',
      in: 'projection/project',
      find: 'l2Normalize($z)',
      to: '$z',
      caughtBy: ['simclr.test.ts', 'agrees with a whole step'],
    },
  ],
  moco: [
    {
      line: 'the key encoder moves before keys are made',
      in: 'moco',
      find: "when: 'before'",
      to: "when: 'after'",
      caughtBy: ['moco.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the key encoder follows by the momentum',
      in: 'createMomentumVariables',
      find: 'add(mul(current, $m), mul($trained, $rest))',
      to: 'add(mul(current, $rest), mul($trained, $m))',
      caughtBy: ['moco.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the queue holds keys, not queries',
      in: 'moco',
      find: 'queue.push(k)',
      to: 'queue.push(q)',
      caughtBy: ['moco.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the key is the target, not the first of the queue',
      in: 'infoNce',
      find: 'concat([positive, others], 1)',
      to: 'concat([others, positive], 1)',
      caughtBy: [ofContrast, 'gives the cross-entropy of the positive'],
    },
    {
      line: 'the oldest keys go',
      in: 'pushed',
      find: 'rows(current, 0, L - B)',
      to: 'rows(current, B, L)',
      caughtBy: ['queue.test.ts', 'takes a batch in front'],
    },
  ],
  byol: [
    {
      line: 'the target follows the updated network',
      in: 'byol',
      find: "when: 'after'",
      to: "when: 'before'",
      caughtBy: ['byol.test.ts', 'the target follows the updated network'],
    },
    {
      line: 'the target follows by the momentum',
      in: 'createMomentumVariables',
      find: 'add(mul(current, $m), mul($trained, $rest))',
      to: 'add(mul(current, $rest), mul($trained, $m))',
      caughtBy: ['byol.test.ts', 'agrees with a whole step'],
    },
    {
      line: "a view predicts the other view's target",
      in: 'byolLoss',
      find: 'add($cosine(p1, t2), $cosine(p2, t1))',
      to: 'add($cosine(p1, t1), $cosine(p2, t2))',
      caughtBy: ['byol.test.ts', 'is the sum over both views'],
    },
    {
      line: 'only the online network has a predictor',
      in: 'byol',
      find: 'predict($variables, own, $options)',
      to: 'own',
      caughtBy: ['byol.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the momentum rises to 1',
      in: 'encoderMomentumAt',
      find: 'final: finalEncoderMomentum',
      to: 'final: encoderMomentum',
      caughtBy: ['byol.test.ts', 'rises from its first value to 1'],
    },
  ],
  simsiam: [
    {
      line: 'no gradient reaches the targets',
      in: 'predictionCosine',
      find: 'stopGradient($target)',
      to: '$target',
      caughtBy: ['simsiam.test.ts', 'no gradient for its targets'],
    },
    {
      line: 'the predictor keeps its rate',
      in: 'simsiam',
      find: 'learningRate: step.scalar($$$given)',
      to: '',
      caughtBy: ['simsiam.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'each view predicts the other: the loss has both terms',
      in: 'simsiamLoss',
      find: 'add($first, $second)',
      to: 'add($first, $first)',
      caughtBy: ['simsiam.test.ts', 'symmetric'],
    },
    {
      line: 'the output of the head is batch-normalized',
      in: 'mlp',
      find: "y = batchNorm($variables, $name, y, { affine: 'without' })",
      to: 'y',
      caughtBy: ['simsiam.test.ts', 'agrees with a whole step'],
    },
  ],
  instdisc: [
    {
      line: 'a drawn row that is the own one is left out',
      in: 'instdisc/instanceLoss',
      find: 'maskFill($logits, isOwn, $masked)',
      to: '$logits',
      caughtBy: ['instdisc.test.ts', 'agrees with a whole step'],
    },
    {
      line: 'the bank moves by its momentum',
      in: 'instdisc/bankAfter',
      find: 'add(mul(own, $m), mul($f, $rest))',
      to: '$f',
      caughtBy: ['instdisc.test.ts', 'moves the rows of the batch'],
    },
    {
      line: 'the bank stays on the sphere',
      in: 'instdisc/bankAfter',
      find: 'l2Normalize(moved)',
      to: 'moved',
      caughtBy: ['instdisc.test.ts', 'moves the rows of the batch'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
