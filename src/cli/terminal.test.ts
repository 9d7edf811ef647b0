/** The progress line, with a clock that the test controls. */
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createTerminal } from './terminal.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  vi.advanceTimersByTime(1000); // 0 counts as never
});
afterEach(() => vi.useRealTimers());

function open({ isTTY }: { isTTY: boolean }) {
  const [out, err] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY, columns: 80 })];
  const terminal = createTerminal({ out, err });
  const stop = terminal.showWaits();
  const printed = () => (err.read() as Buffer | null)?.toString() ?? '';
  const report = (text: string) => terminal.watch.onProgress({ stage: 'kmeans', text });
  return { terminal, stop, printed, report };
}

it('tells how long a stage takes that reports nothing', () => {
  const { printed, report, stop } = open({ isTTY: true });
  report('finding 10 clusters');
  expect(printed()).toContain('finding 10 clusters');
  vi.advanceTimersByTime(1000);
  expect(printed()).toBe('');
  vi.advanceTimersByTime(2000);
  expect(printed()).toContain('finding 10 clusters (3 s)');
  vi.advanceTimersByTime(60_000);
  expect(printed()).toContain('finding 10 clusters (1 min 3 s)');
  report('finding 10 clusters: 3 steps');
  vi.advanceTimersByTime(1000);
  expect(printed()).toMatch(/3 steps$/);
  vi.advanceTimersByTime(500);
  expect(printed()).toBe('');
  stop();
  vi.advanceTimersByTime(60_000);
  expect(printed()).toBe('');
});

it('never leaves more than three seconds of silence on a terminal, even before any report', () => {
  const { terminal, printed, stop } = open({ isTTY: true });
  for (const say of ['', 'a line']) {
    if (say) terminal.say(say);
    printed();
    for (let waited = 0; waited < 20; waited++) {
      vi.advanceTimersByTime(3000);
      expect(printed()).toMatch(/working \(\d+ s\)|working \(1 min/);
    }
  }
  terminal.endProgress();
  expect(printed()).toBe('\r\x1b[2K'); // the line is gone, because it names no stage
  stop();
});

it('prints a line now and then where no terminal is', () => {
  const { printed, report, stop } = open({ isTTY: false });
  report('finding 10 clusters');
  printed();
  vi.advanceTimersByTime(4000);
  expect(printed()).toBe('');
  vi.advanceTimersByTime(8000);
  expect(printed().split('\n')).toHaveLength(3);
  stop();
});

it('draws a report that was held back as soon as a line may be drawn again', () => {
  const { printed, report, stop } = open({ isTTY: true });
  report('one');
  report('two');
  expect(printed()).not.toContain('two');
  vi.advanceTimersByTime(1000);
  expect(printed()).toContain('two');
  stop();
});
