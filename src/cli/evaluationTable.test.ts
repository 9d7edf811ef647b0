/** Tables of scores for a terminal. */
import { describe, expect, it } from 'vitest';
import { furtherScores, mainScores } from '../likeness.ts';
import { evaluationTable } from './evaluationTable.ts';

const scores = (value: number) => ({
  ...{ nmi: value, acc: value, ari: value, ami: value, fmi: value, nmiGeometric: value },
  ...{ purity: value, linear: { accuracy: value } },
  knn: { accuracy: value, accuracy10: value, accuracy20: value, accuracy100: value },
  fewLabels: { '0.01': { accuracy: value }, '0.1': { accuracy: value } },
});
const rows = [
  { title: 'trained encoder', scores: scores(0.5) },
  { title: 'raw pixels', scores: scores(0.25) },
];

describe('the tables of scores', () => {
  it('have every score once, in lines that a terminal shows', () => {
    const lines = evaluationTable(rows, { chance: 0.1 });
    const heads = lines.filter((line) => /^ {5}/.test(line)).join(' ');
    for (const { title } of [...mainScores, ...furtherScores]) {
      expect(heads.split(new RegExp(`\\b${title}\\b`)), title).toHaveLength(
        title === 'NMI' ? 3 : 2,
      );
    }
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(100);
    expect(lines.join('\n').match(/0\.500\*/g)).toHaveLength(14);
  });

  it('compare with one class where a score is of a classifier', () => {
    const chances = evaluationTable(rows, { chance: 0.1 })
      .filter((line) => line.startsWith('always one class'))
      .map((line) => line.match(/0\.100/g)?.length);
    expect(chances).toEqual([3, 4]);
    expect(evaluationTable(rows, { chance: null }).join()).not.toContain('always one class');
  });
});
