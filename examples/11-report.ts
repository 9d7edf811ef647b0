/** Report: read the curves and clusters of a run as data, and write its page again. */
import { openImages, readReport, renderReport } from '../src/likeness.ts';
import { folder, trainedModel } from './input.ts';

const model = await trainedModel(await openImages(folder));
const { method, training, clustering } = await readReport(model.run);

console.log(`${method}: loss ${training?.loss.at(-1)?.toFixed(2)}, ${training?.verdict}`);
for (const { cluster, size, typical } of clustering?.clusters ?? []) {
  console.log(`cluster ${cluster}: ${size} images, such as ${typical[0]?.path}`);
}
console.log(`page: ${await renderReport(model.run, { to: 'page.html' })}`);
