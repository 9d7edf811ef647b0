/** Progress and abort: show the progress of a training, log its loss, stop it after some time. */
import { openImages, train } from '../src/likeness.ts';
import { budget, folder } from './input.ts';

const LIMIT_SECONDS = 60;
const losses: number[] = [];

const model = await train(await openImages(folder), {
  ...budget,
  signal: AbortSignal.timeout(LIMIT_SECONDS * 1000),
  onProgress: ({ stage, text }) => process.stderr.write(`${stage}: ${text}\n`),
  onNote: ({ message }) => console.log(message),
  onWarning: ({ code, message }) => console.error(`${code}: ${message}`),
  onEvent(event) {
    if (event.kind === 'step') losses.push(event.loss);
  },
});
const { outcome, seconds } = model.training!;
console.log(`${outcome} after ${seconds.toFixed(1)} s`);
console.log(`loss from ${losses[0]?.toFixed(3)} to ${losses.at(-1)?.toFixed(3)} in ${model.run}`);
