import { describe, expect, it } from 'vitest';
import { type AnnounceOptions, createReachAnnouncement } from './announceReach.ts';

const recipe = {
  method: 'swav',
  presetEpochs: 60,
  paperEpochs: 200,
  need: { images: 4096, part: '512 prototypes with 8 images each' },
};

const fewer = 'are fewer than the 4,096 needed for 512 prototypes with 8 images each';

/** Lines for a run whose planned epochs change. */
function lines(planned: readonly number[], options: Partial<AnnounceOptions> = {}): string[] {
  const said: string[] = [];
  const announce = createReachAnnouncement(
    {
      note: ({ code, message }) => said.push(`note ${code} ${message}`),
      warn: ({ code, message }) => said.push(`warn ${code} ${message}`),
    },
    { images: 9000, recipe, ...options },
  );
  for (const epochs of planned) announce(epochs);
  return said;
}

describe('what a person reads before a training', () => {
  it('is nothing where the run has what its recipe needs', () => {
    expect(lines([200])).toEqual([]);
  });

  it('is a warning for a run that cannot reach anything, with the time that it would take', () => {
    expect(lines([4], { images: 1068, minutes: 4 })).toEqual([
      `warn train.fewImages 1,068 images ${fewer}`,
      'warn train.fewEpochs 1,068 images will see 4 of the 60 epochs that this recipe was made ' +
        'for. All of them would take about 60 minutes',
    ]);
  });

  it('is a note where the run has less than the paper', () => {
    expect(lines([60], { images: 3068, minutes: 4 })).toEqual([
      `note train.fewImages 3,068 images ${fewer}`,
      'note train.fewEpochs 3,068 images will see 60 of the 200 epochs that the paper trains swav ' +
        'for',
    ]);
  });

  it('is repeated only where a revised plan changes the judgment', () => {
    expect(lines([28, 29, 31, 32, 20])).toEqual([
      'warn train.fewEpochs 9,000 images will see 28 of the 60 epochs that this recipe was made for',
      'note train.fewEpochs 9,000 images will see 31 of the 60 epochs that this recipe was made for',
      'warn train.fewEpochs 9,000 images will see 20 of the 60 epochs that this recipe was made for',
    ]);
  });
});
