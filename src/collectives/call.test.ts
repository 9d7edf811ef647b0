import { describe, expect, it } from 'vitest';
import { type Call, differenceOf, encodeCall, faultOf } from './call.ts';

const hosts = ['a', 'b', 'c'];
const difference = (...calls: Call[]) =>
  differenceOf(
    calls.map((call) => encodeCall(call, calls.length)),
    hosts,
  )?.message;

describe('differenceOf', () => {
  const values = new Float32Array(3);

  it('is undefined for equal calls', () => {
    const call: Call = { kind: 'allReduce', values, reduction: 'sum' };
    expect(difference(call, { ...call, values: new Float32Array(3) }, call)).toBeUndefined();
  });

  it('names the first rank that differs, its host and both calls', () => {
    expect(
      difference({ kind: 'barrier' }, { kind: 'barrier' }, { kind: 'broadcast', values, root: 1 }),
    ).toBe(
      'collective: received broadcast of 3 float32 values from rank 1 on rank 2 (c); expected ' +
        'barrier as on rank 0 (a). Make the same calls in the same order on all ranks',
    );
  });

  it('tells a left group from a call', () => {
    expect(difference({ kind: 'allGather', values }, { kind: 'close' })).toContain(
      'received close on rank 1 (b); expected allGather of 3 float32 values',
    );
  });

  it('names the rank of an invalid call with the same words', () => {
    const call = (reduction: 'sum') => ({ kind: 'allReduce', values, reduction }) as Call;
    const [valid, invalid] = [encodeCall(call('sum'), 2), encodeCall(call('sum'), 2)];
    invalid[5] = 1;
    expect(differenceOf([valid, invalid], hosts)?.message).toBe(
      'collective: received an invalid call of allReduce (sum) of 3 float32 values on rank 1 (b); ' +
        'expected a valid one as on the other ranks',
    );
  });
});

describe('faultOf', () => {
  const values = new Float64Array(6);
  it.each<[string, Call, string | undefined]>([
    ['barrier', { kind: 'barrier' }, undefined],
    ['parts of equal length', { kind: 'reduceScatter', values, reduction: 'sum' }, undefined],
    [
      'parts of unequal length',
      { kind: 'reduceScatter', values: new Int32Array(7), reduction: 'sum' },
      'reduceScatter: received 7 values; expected a multiple of 3 ranks',
    ],
    [
      'another reduction',
      { kind: 'allReduce', values, reduction: 'mean' as 'sum' },
      'allReduce: received the reduction "mean"; expected sum or max',
    ],
    [
      'a root that is no rank',
      { kind: 'broadcast', values, root: 3 },
      'broadcast: received the root 3; expected a rank from 0 to 2',
    ],
    [
      'another array',
      { kind: 'allGather', values: new Uint8Array(3) as unknown as Float32Array },
      'allGather: received values of type Uint8Array; expected a Float32Array, Float64Array or ' +
        'Int32Array',
    ],
  ])('judges %s', (_, call, message) => {
    expect(faultOf(call, 3)?.message).toBe(message);
  });
});
