/** Six kills of training, clustering, embedding and export. `npm run kills` does more. */
import { expect, it } from 'vitest';
import { subjects } from './killSubjects.cases.ts';
import { killCampaign, killTable } from './kills.cases.ts';

const KILLS = 6;

/** Commands of a single method, so that few runs have to be prepared. */
const few = subjects.filter(
  ({ command, method }) =>
    method === 'pcl' || (command === 'train' && method === 'swav') || command === 'start',
);

it('commands that are killed and repeated give the same bytes', { timeout: 600_000 }, async () => {
  const options = { count: KILLS, seed: 1, subjects: few, moments: 'changes' } as const;
  const { rows, kills, faults } = await killCampaign(options);
  expect(faults, killTable(rows)).toEqual([]);
  expect(kills).toBeGreaterThanOrEqual(KILLS);
});
