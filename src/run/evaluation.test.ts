import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEvaluation, readEvaluationIfValid, writeEvaluation } from './evaluation.ts';
import { useTemporaryFolder } from './temporaryFolder.cases.ts';

const folder = useTemporaryFolder();
const file = () => join(folder.path, 'evaluation.json');
const evaluation = {
  classNames: ['cat'],
  source: '/photos',
  step: 3,
  labelled: true,
  nmi: 0.5,
  acc: null,
  knn: { accuracy: 0.25, all: [{ requested: 200 }] },
  linear: { accuracy: null },
  fewLabels: { '0.01': { accuracy: 0.5 } },
  baselines: { untrained: { nmi: 0.25, labelFree: {} } },
  protocol: { knn: 'as it is' },
};

describe('evaluation.json', () => {
  it('gives back what was measured, in the order that it was given in', async () => {
    await writeEvaluation(file(), evaluation);
    expect(await readEvaluation(file())).toEqual(evaluation);
    expect(await readFile(file(), 'utf8')).toBe(`${JSON.stringify(evaluation, null, 2)}\n`);
  });

  it('is undefined where it is absent or damaged', async () => {
    expect(await readEvaluationIfValid(file())).toBeUndefined();
    await writeFile(file(), JSON.stringify({ ...evaluation, nmi: 'high' }));
    expect(await readEvaluationIfValid(file())).toBeUndefined();
    await expect(readEvaluation(file())).rejects.toThrow(
      /evaluation\.json is damaged or was changed: nmi/,
    );
  });
});
