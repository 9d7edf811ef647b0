import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { alone, besideOthers, withOwnMessages } from './vipsTurns.ts';

it('runs a call alone, after those in flight and before later ones', async () => {
  const events: string[] = [];
  const call = (name: string) => async () => {
    events.push(`${name} begins`);
    await setImmediate();
    events.push(`${name} ends`);
  };
  await Promise.all([
    besideOthers(call('a')),
    besideOthers(call('b')),
    alone(call('c')),
    besideOthers(call('d')),
  ]);
  expect(events).toEqual([
    'a begins',
    'b begins',
    'a ends',
    'b ends',
    'c begins',
    'c ends',
    'd begins',
    'd ends',
  ]);
});

it('repeats a call that fails, for messages of its own', async () => {
  const messages = ['those of others', 'its own'];
  const fail = () => Promise.reject(new Error(messages.shift()));
  await expect(withOwnMessages(fail)).rejects.toThrow('its own');
  expect(await withOwnMessages(async () => 5)).toBe(5);
});
