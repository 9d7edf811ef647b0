/** Lines of the methods that tell images apart or predict views. */
import type { Mutation } from './mutation.cases.ts';

const METHODS = 'src/methods';
const ofContrast = `${METHODS}/contrastive.test.ts`;

export const instances = {
  simclr: [
    {
      line: 'a row is no candidate for itself',
      file: `${METHODS}/contrastive.ts`,
      from: 'where(isSelf, scalar(MASKED), S)',
      to: 'S',
      caughtBy: [ofContrast, 'gives the golden loss'],
    },
    {
      line: 'the partner is the other view',
      file: `${METHODS}/contrastive.ts`,
      from: '(i + R) % (2 * R)',
      to: '(i + 1) % (2 * R)',
      caughtBy: [ofContrast, 'gives the golden loss'],
    },
    {
      line: 'embeddings lie on the sphere',
      file: `${METHODS}/projection.ts`,
      from: 'l2Normalize(projection(...given))',
      to: 'projection(...given)',
      caughtBy: [`${METHODS}/simclr.test.ts`, 'agrees with a whole step'],
    },
  ],
  moco: [
    {
      line: 'the key encoder moves before keys are made',
      file: `${METHODS}/moco.ts`,
      from: "when: 'before',",
      to: "when: 'after',",
      caughtBy: [`${METHODS}/moco.test.ts`, 'agrees with a whole step'],
    },
    {
      line: 'the key encoder follows by the momentum',
      file: 'src/nn/momentum.ts',
      from: 'add(mul(current, momentum), mul(stopGradient(trained), sub(scalar(1), momentum)))',
      to: 'add(mul(current, sub(scalar(1), momentum)), mul(stopGradient(trained), momentum))',
      caughtBy: [`${METHODS}/moco.test.ts`, 'agrees with a whole step'],
    },
    {
      line: 'the queue holds keys, not queries',
      file: `${METHODS}/moco.ts`,
      from: 'queue.state(k)',
      to: 'queue.state(q)',
      caughtBy: [`${METHODS}/moco.test.ts`, 'agrees with a whole step'],
    },
    {
      line: 'the key is the target, not the first of the queue',
      file: `${METHODS}/contrastive.ts`,
      from: 'concat([positive, others], 1)',
      to: 'concat([others, positive], 1)',
      caughtBy: [ofContrast, 'gives the cross-entropy of the positive'],
    },
    {
      line: 'the oldest keys go',
      file: `${METHODS}/queue.ts`,
      from: 'concat([newest, slice(rows.current, { axis: 0, start: 0, end: length - B })])',
      to: 'concat([newest, slice(rows.current, { axis: 0, start: B, end: length })])',
      caughtBy: [`${METHODS}/queue.test.ts`, 'takes a batch in front'],
    },
  ],
  byol: [
    {
      line: 'the target follows the updated network',
      file: `${METHODS}/byol.ts`,
      from: "when: 'after',",
      to: "when: 'before',",
      caughtBy: [`${METHODS}/byol.test.ts`, 'the target follows the updated network'],
    },
    {
      line: 'the target follows by the momentum',
      file: 'src/nn/momentum.ts',
      from: 'add(mul(current, momentum), mul(stopGradient(trained), sub(scalar(1), momentum)))',
      to: 'add(mul(current, sub(scalar(1), momentum)), mul(stopGradient(trained), momentum))',
      caughtBy: [`${METHODS}/byol.test.ts`, 'agrees with a whole step'],
    },
    {
      line: "a view predicts the other view's target",
      file: `${METHODS}/byol.ts`,
      from: 'add(predictionCosine(p1, t2), predictionCosine(p2, t1))',
      to: 'add(predictionCosine(p1, t1), predictionCosine(p2, t2))',
      caughtBy: [`${METHODS}/byol.test.ts`, 'is the sum over both views'],
    },
    {
      line: 'only the online network has a predictor',
      file: `${METHODS}/byol.ts`,
      from: 'const p1 = predict(variables, z1, options);',
      to: 'const p1 = z1;',
      caughtBy: [`${METHODS}/byol.test.ts`, 'agrees with a whole step'],
    },
    {
      line: 'the momentum rises to 1',
      file: `${METHODS}/momentumSchedule.ts`,
      from: 'final: finalEncoderMomentum',
      to: 'final: encoderMomentum',
      caughtBy: [`${METHODS}/byol.test.ts`, 'rises from its first value to 1'],
    },
  ],
  simsiam: [
    {
      line: 'no gradient reaches the targets',
      file: `${METHODS}/prediction.ts`,
      from: 'stopGradient(l2Normalize(target))',
      to: 'l2Normalize(target)',
      caughtBy: [`${METHODS}/simsiam.test.ts`, 'no gradient for its targets'],
    },
    {
      line: 'the predictor keeps its rate',
      file: `${METHODS}/simsiam.ts`,
      from: 'parameter.group === PREDICTOR ? predictorRate : rate',
      to: 'rate',
      caughtBy: [`${METHODS}/simsiam.test.ts`, 'agrees with a whole step'],
    },
    {
      line: 'each view predicts the other: the loss has both terms',
      file: `${METHODS}/simsiam.ts`,
      from: 'add(predictionCosine(p1, z2), predictionCosine(p2, z1))',
      to: 'mul(scalar(2), predictionCosine(p1, z2))',
      caughtBy: [`${METHODS}/simsiam.test.ts`, 'symmetric'],
    },
    {
      line: 'the output of the head is batch-normalised',
      file: 'src/nn/mlp.ts',
      from: "if (last === 'norm') y = batchNorm(",
      to: "if (last === 'norm') batchNorm(",
      caughtBy: [`${METHODS}/simsiam.test.ts`, 'agrees with a whole step'],
    },
  ],
  instdisc: [
    {
      line: 'a drawn row that is the own one is left out',
      file: `${METHODS}/instdisc.ts`,
      from: 'where(isOwn, scalar(MASKED), mul(matmul(f, transpose(candidates)), scale))',
      to: 'mul(matmul(f, transpose(candidates)), scale)',
      caughtBy: [`${METHODS}/instdisc.test.ts`, 'agrees with a whole step'],
    },
    {
      line: 'the bank moves by its momentum',
      file: `${METHODS}/instdisc.ts`,
      from: 'add(mul(own, scalar(m)), mul(stopGradient(f), scalar(1 - m)))',
      to: 'stopGradient(f)',
      caughtBy: [`${METHODS}/instdisc.test.ts`, 'moves the rows of the batch'],
    },
    {
      line: 'the bank stays on the sphere',
      file: `${METHODS}/instdisc.ts`,
      from: 'sub(l2Normalize(moved), own)',
      to: 'sub(moved, own)',
      caughtBy: [`${METHODS}/instdisc.test.ts`, 'moves the rows of the batch'],
    },
  ],
} satisfies Record<string, readonly Mutation[]>;
