import { it } from 'vitest';
import { gate } from './gate.cases.ts';

const given = JSON.parse(process.env.TRIAL ?? '{}');
it('trial', async () => {
  const begun = performance.now();
  const { trained, untrained, rawPixels, losses, settings } = await gate({
    method: 'contrastive-clustering',
    ...given,
  });
  const f = (e: any) => ['nmi', 'acc', 'ari'].map((k) => e[k].toFixed(3)).join(' ');
  console.log(
    JSON.stringify(given),
    'head',
    f(trained),
    'kmeans',
    f(trained.kmeans),
    'knn',
    trained.knn.accuracy!.toFixed(3),
    '| untrained',
    f(untrained),
    untrained.knn.accuracy!.toFixed(3),
    '| raw',
    f(rawPixels),
    '| loss',
    losses[0]!.toFixed(2),
    losses.at(-1)!.toFixed(2),
    losses.length,
    settings.batchSize,
    ((performance.now() - begun) / 1000).toFixed(0) + 's',
  );
}, 3_000_000);
