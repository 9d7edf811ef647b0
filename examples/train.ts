/**
 * A method on a folder of images, from first to last, with the library alone: SwAV, or any other by
 * its name.
 *
 *     node examples/train.ts [folder] [epochs] [method]
 *
 * Settings are those of a preset, not the paper's.
 */
import { fileURLToPath } from 'node:url';
import { backends, cluster, data, encoders, methods, metrics, train, views } from '../src/index.ts';

const [folder = fileURLToPath(new URL('../sample', import.meta.url)), epochs = '2', method = 'swav'] =
  process.argv.slice(2);

// 1. Images: any source, every picture decoded once into a packed cache.
const source = await data.openSource(folder);
const cache = await data.openPixelCache(source, { size: 42 });
console.log(`${cache.count} images, ${cache.skipped.length} skipped`);

// 2. Settings: a preset for the size of the images, the method's recipe, and what you want to change. A misspelt name is an
// error. Where there are few images, batch and numbers of groups are lowered.
const given = { method: method as methods.MethodName, epochs: Number(epochs), seed: 1 };
const { settings } = methods.fitToCount(methods.settingsFor('tiny-28', given), {
  count: cache.count,
  given: new Set(Object.keys(given)),
});

// 3. The step: encoder, head, loss, gradients and optimiser as one program.
const program = methods.methodProgram(settings, { images: cache.count });
const engine = await backends.openEngine();
const loader = views.openLoader({
  cache,
  views: methods.viewsOf(settings),
  batchSize: settings.batchSize,
  seed: settings.seed,
});

// 4. Training: batches in, events out.
const { training, verdict } = await train.trainMethod({
  engine,
  method: program,
  loader,
  batchSize: settings.batchSize,
  seed: settings.seed,
  // For methods that group all images between epochs.
  evaluationImages: (shape) => views.evaluationBatches(cache, shape),
  budget: { epochs: settings.epochs },
  onEvent(event) {
    if (event.kind === 'epoch') console.log(`epoch ${event.epoch + 1}: loss ${event.loss.toFixed(3)}`);
  },
});
await loader.close();
console.log(`${training.step} steps; ${verdict.message}`);

// 5. Features of all images, in groups of likeness.
const encoder = await encoders.trainedEncoder({ engine, settings, state: training.state });
const features = cluster.normalizeRows(await encoder.embed({ cache }));
const groups = await cluster.kmeans(features, 10, { engine, metric: 'spherical', restarts: 3 });
console.log(`sizes of ${groups.k} groups: ${[...groups.sizes].join(' ')}`);

// 6. Where there are labels, how well the groups agree with them.
const labels = Int32Array.from(cache.entries, ({ label }) => label ?? -1);
if (labels.some((label) => label >= 0)) {
  console.log(`NMI with the labels: ${metrics.nmi(labels, groups.assignments).toFixed(3)}`);
}
await engine.close();
await source.close();
