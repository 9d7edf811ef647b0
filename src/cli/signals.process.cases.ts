/** A command for tests of signals. Its argument chooses what it waits for. */
import { writeFileSync } from 'node:fs';
import { onEarlyEnd, untilSaved } from '../core/ending.ts';
import { watchSignals } from './signals.ts';

const [wait, file] = process.argv.slice(2);
const say = (text: string) => process.stderr.write(`${text}\n`);
const controller = new AbortController();
const aborted = new Promise<void>((resolve) =>
  controller.signal.addEventListener('abort', () => resolve()),
);
const never = new Promise<never>(() => {});

const unwatch = watchSignals({
  onFirst(signal) {
    say(`first ${signal}`);
    controller.abort();
  },
  onSaving: () => say('saving'),
  onForced: () => say('forced'),
});
onEarlyEnd(() => writeFileSync(file!, 'cleaned'));
const alive = setInterval(() => {}, 1000);
say('ready');
if (wait === 'the signal') await aborted;
else if (wait === 'nothing that ends') await never;
else if (wait === 'a save that never ends') await untilSaved(() => never);
else if (wait === 'a save and a word') {
  await untilSaved(async () => {
    await aborted;
    await new Promise((resolve) => setTimeout(resolve, 1300));
  });
  await new Promise((resolve) => setTimeout(resolve, 800));
  say('saved');
} else {
  await untilSaved(async () => {
    await aborted;
    await new Promise((resolve) => setTimeout(resolve, 2500));
    say('saved');
  });
}
unwatch();
clearInterval(alive);
process.exitCode = 7;
