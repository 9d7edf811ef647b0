import { expect, it } from 'vitest';
import { type Notice, type ProgressEvent, reporterOf } from './reporter.ts';

it('passes each kind of event to its own callback', () => {
  const seen: [string, Notice | ProgressEvent][] = [];
  const { signal } = new AbortController();
  const reporter = reporterOf({
    onProgress: (event) => seen.push(['progress', event]),
    onNote: (notice) => seen.push(['note', notice]),
    onWarning: (notice) => seen.push(['warning', notice]),
    signal,
  });
  const event = { stage: 'decode', text: 'decoding 1 of 2 images', done: 1, total: 2 };
  const note = { code: 'preset.chosen', message: 'preset small-32: images of 32 px' };
  const warning = { code: 'images.skipped', message: 'skipped 1 file' };
  reporter.progress(event);
  reporter.note(note);
  reporter.warn(warning);
  expect(seen).toEqual([
    ['progress', event],
    ['note', note],
    ['warning', warning],
  ]);
  expect(reporter.signal).toBe(signal);
});

it('drops events without a callback and is never aborted by itself', () => {
  const reporter = reporterOf();
  reporter.progress({ stage: 'decode', text: 'decoding' });
  reporter.note({ code: 'a', message: 'b' });
  reporter.warn({ code: 'a', message: 'b' });
  expect(reporter.signal.aborted).toBe(false);
});
