/** Resume: stop a training early and continue it later, with the same final state. */
import { openImages, train } from '../src/likeness.ts';
import { budget, folder } from './input.ts';

const images = await openImages(folder);
const stop = new AbortController();
const options = { out: 'runs/resumed', ...budget };

const stopped = await train(images, {
  ...options,
  signal: stop.signal,
  onEvent(event) {
    if (event.kind === 'step' && event.step === 5) stop.abort();
  },
});
console.log(`${stopped.training?.outcome} at step ${stopped.step}; everything is saved`);

const model = await train(images, { ...options, resume: true });
console.log(`${model.training?.outcome} at step ${model.step}`);
