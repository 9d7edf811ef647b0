import { describe, expect, it } from 'vitest';
import { parseEvent, type RunEvent } from './runEvent.ts';

const started: RunEvent = {
  ...{ kind: 'run-started', step: 0, epoch: 0, method: 'swav', source: 'ü', resumed: false },
  facts: { randomBaselineLoss: 6.25, prototypes: 512, notes: ['a'] },
};

describe('a line of events.jsonl', () => {
  it.each<RunEvent>([
    started,
    { kind: 'step', step: 1, epoch: 0, loss: null, agreement: 0.5 },
    { kind: 'run-ended', step: 9, epoch: 1, reason: 'completed' },
  ])('gives back %j', (event) => {
    expect(parseEvent(JSON.stringify(event))).toEqual(event);
  });

  it('passes on kinds of later versions', () => {
    expect(parseEvent('{"kind":"later","step":1,"epoch":0}')).toMatchObject({ kind: 'later' });
  });

  it.each([
    ['{"kind":"step","step":1,"ep', 'cut off'],
    ['null', 'nothing'],
    ['{"step":1,"epoch":0}', 'no kind'],
    ['{"kind":"step","step":"1","epoch":0,"loss":1}', 'a step that is text'],
    ['{"kind":"step","step":1,"epoch":0,"loss":"low"}', 'a loss that is text'],
    ['{"kind":"doctor","step":1,"epoch":0,"verdict":"healthy"}', 'a verdict without a message'],
    [JSON.stringify({ ...started, facts: { notes: [] } }), 'facts without a loss'],
  ])('refuses %s: %s', (text) => {
    expect(parseEvent(text)).toBeUndefined();
  });
});
