/** The judgment on finished runs: a table of endings and the words for them. */
import { describe, expect, it } from 'vitest';
import type { DoctorState } from './doctor.ts';
import { type Ending, judge } from './judge.ts';

const need = { images: 2048, part: '256 prototypes with 8 images each' };
const recipe = { method: 'swav', presetEpochs: 28, paperEpochs: 200, need };
const LN256 = Math.log(256);

const state = (changes: Partial<DoctorState>): DoctorState => ({
  ...{
    loss: 2.9,
    firstLoss: 5.6,
    peakLoss: 5.6,
    seen: 900,
    flatFor: 0,
    narrowFor: 0,
    explodedFor: 0,
  },
  usage: new Float32Array(0),
  ...changes,
});

/** A run of the bundled sample that went well, with changes. */
function ending({
  doctor,
  ...changes
}: Partial<Omit<Ending, 'doctor'>> & { doctor?: Partial<DoctorState> }) {
  const verdict = { health: 'learning', message: '', remedy: '' } as const;
  return judge({
    ...{ verdict, images: 4000, epochs: 28, seconds: 120, weightChange: 0.8, recipe },
    randomBaselineLoss: LN256,
    ...changes,
    doctor: state(doctor ?? {}),
  });
}

const paper = '4,000 images saw 28 of the 200 epochs that the paper trains swav for';

describe('the judgment on a finished run', () => {
  it.each<[string, Parameters<typeof ending>[0], string, string]>([
    ['a good run', {}, `healthy: loss 2.900 of ln 256 = 5.545. ${paper}`, ''],
    [
      'a good run as long as the paper',
      { epochs: 200, images: 50_000 },
      'healthy: loss 2.900 of ln 256 = 5.545',
      '',
    ],
    [
      'a loss that has hardly moved from the random baseline',
      { doctor: { loss: 5.514 } },
      `unlearned: loss 5.514 has hardly moved from ln 256 = 5.545. ${paper}`,
      'train longer, use more images, or change the learning rate',
    ],
    [
      'the same after four epochs',
      { doctor: { loss: 5.514 }, images: 3068, epochs: 4, seconds: 240 },
      'unlearned: loss 5.514 has hardly moved from ln 256 = 5.545. ' +
        '3,068 images saw 4 of the 28 epochs that this recipe was made for',
      'train longer, 28 epochs take about 28 minutes here',
    ],
    [
      'the loss of an untrained network, which is below the random baseline',
      { doctor: { loss: 5.3, firstLoss: 5.31, peakLoss: 5.32 } },
      `unlearned: loss 5.300 has hardly moved from 5.320, its highest mean. ${paper}`,
      'train longer, use more images, or change the learning rate',
    ],
    [
      'a loss that need not fall, because its stage began well',
      { doctor: { loss: 0.03, peakLoss: 0.04 }, isLossJudged: false },
      `healthy: loss 0.030 of ln 256 = 5.545. ${paper}`,
      '',
    ],
    [
      'the loss of a method with a queue, which first rises',
      { doctor: { loss: 4.8, firstLoss: 2.2, peakLoss: 5.9 } },
      `healthy: loss 4.800 of ln 256 = 5.545. ${paper}`,
      '',
    ],
    [
      'a loss above the random baseline',
      { doctor: { loss: 7 } },
      `unlearned: loss 7.000 is still above ln 256 = 5.545. ${paper}`,
      'train longer, use more images, or change the learning rate',
    ],
    [
      'two images',
      { images: 2, doctor: { loss: 0.1 } },
      'too few images: 2 images are fewer than the 2,048 needed for 256 prototypes with 8 images ' +
        'each. Loss 0.100 of ln 256 = 5.545. 2 images saw 28 of the 200 epochs that the paper ' +
        'trains swav for',
      'use more images, or patch features, which need no training',
    ],
    [
      'each image seen three times',
      { epochs: 3, images: 50_000, seconds: 180 },
      'too short: 50,000 images saw 3 of the 28 epochs that this recipe was made for. ' +
        'Loss 2.900 of ln 256 = 5.545',
      'train longer, 28 epochs take about 28 minutes here',
    ],
    [
      'each image seen three times, as its recipe asks for',
      { epochs: 3, images: 50_000, recipe: { ...recipe, presetEpochs: 3, paperEpochs: undefined } },
      'too short: 50,000 images saw 3 epochs, fewer than 10. Loss 2.900 of ln 256 = 5.545',
      'train longer',
    ],
    [
      'weights that have not moved',
      { weightChange: 1e-20, farSetting: 'learningRate 0.002 instead of 1e-30' },
      `unlearned: the weights have hardly moved from their start. ${paper}`,
      'learningRate 0.002 instead of 1e-30',
    ],
    [
      'a loss that never moved, of a method without a random baseline',
      { randomBaselineLoss: undefined, doctor: { loss: 3.44, firstLoss: 3.487, peakLoss: 3.49 } },
      `unlearned: loss 3.440 has hardly moved from 3.490, its highest mean. ${paper}`,
      'train longer, use more images, or change the learning rate',
    ],
    [
      'a loss that moved, of a method without a random baseline',
      { randomBaselineLoss: undefined, doctor: { loss: -0.6, firstLoss: -0.01, peakLoss: -0.05 } },
      `healthy: loss -0.600. ${paper}`,
      '',
    ],
    [
      'views that do not find each other, whatever the loss says',
      { randomBaselineLoss: undefined, agreementChance: 1 / 16, doctor: { agreement: 0.07 } },
      'unlearned: 7 % of the images find their other view in the batch, where a guess finds ' +
        `6.25 %. ${paper}`,
      'train longer, use more images, or change the learning rate',
    ],
    [
      'views that find each other',
      { agreementChance: 1 / 128, doctor: { agreement: 0.4 } },
      `healthy: loss 2.900 of ln 256 = 5.545. ${paper}`,
      '',
    ],
    [
      'embeddings at one point, for a while',
      { doctor: { narrowFor: 30 } },
      `unlearned: nearly all embeddings are at one point or on one line. ${paper}`,
      'train longer, use more images, or change the learning rate',
    ],
    [
      'a loss that exploded at the end',
      { doctor: { loss: 131_399_115_019, explodedFor: 2 } },
      'diverged: the mean loss is 1.314e+11 at the end, after 5.600 at the first step',
      'lower the learning rate, or lengthen the warm-up',
    ],
  ])('%s', (_, changes, message, remedy) => {
    const health = message.slice(0, message.indexOf(':'));
    expect(ending(changes)).toEqual({ health, message, remedy });
  });

  it('keeps the verdict that stopped a run', () => {
    const verdict = { health: 'collapsed', message: 'collapsed: flat', remedy: 'r' } as const;
    expect(ending({ verdict })).toBe(verdict);
  });

  it('does not ask a pretrained model to move far, or for many images', () => {
    const tuned = { isFineTuned: true, weightChange: 1e-5, images: 30, epochs: 2 };
    expect(ending({ ...tuned, doctor: { loss: 2.1, firstLoss: 3.4, peakLoss: 3.4 } }).health).toBe(
      'healthy',
    );
    expect(ending({ ...tuned, doctor: { loss: 5.54 } }).health).toBe('unlearned');
  });

  it('does not ask a head to move that starts from clusters of its features', () => {
    const started = { loss: 0.2, firstLoss: 0.21, peakLoss: 0.21 };
    const head = { isHead: true, weightChange: 0, images: 300, epochs: 400 };
    expect(ending({ ...head, doctor: started }).message).toBe(
      'healthy: loss 0.200 of ln 256 = 5.545',
    );
    expect(ending({ ...head, isHead: false, doctor: started }).health).toBe('unlearned');
    expect(ending({ ...head, weightChange: 0.5, doctor: { loss: 5.52 } }).health).toBe('unlearned');
    expect(ending({ ...head, images: 30, epochs: 2, doctor: started }).health).toBe('healthy');
  });
});
