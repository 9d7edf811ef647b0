import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { createSharedRunner, type TensorSession } from './sharedTensors.ts';

const own = new Tensor('float32', Float32Array.of(1, 2), [2]);
function sharedTensor(...values: number[]) {
  const data = new Float32Array(new SharedArrayBuffer(4 * values.length));
  data.set(values);
  return new Tensor('float32', data, [values.length]);
}

/** Stands in for a session of a Node that refuses shared memory, or takes it. */
function sessionThat(refuses: boolean) {
  const runs: Tensor[][] = [];
  const session: TensorSession = {
    async run(feeds) {
      runs.push(Object.values(feeds) as Tensor[]);
      const shared = Object.values(feeds).some(
        ({ data }) => (data as Float32Array).buffer instanceof SharedArrayBuffer,
      );
      if (refuses && shared) throw new Error('Invalid argument');
      return feeds;
    },
  };
  return { session, runs };
}

describe('inputs in shared memory', () => {
  it('are given as they are where the runtime takes them', async () => {
    const { session, runs } = sessionThat(false);
    const x = sharedTensor(3, 4);
    await createSharedRunner()(session, { x, own }, {});
    expect(runs).toEqual([[x, own]]);
    expect(runs[0]![0]).toBe(x);
  });

  it('are copied after the first refusal, and the others are not', async () => {
    const { session, runs } = sessionThat(true);
    const run = createSharedRunner();
    const first = await run(session, { x: sharedTensor(3, 4), own }, {});
    await run(session, { x: sharedTensor(5, 6) }, {});
    expect(runs).toHaveLength(3);
    expect([...(first.x!.data as Float32Array)]).toEqual([3, 4]);
    expect([...(runs[2]![0]!.data as Float32Array)]).toEqual([5, 6]);
    expect(first.own).toBe(own);
  });

  it('do not hide another failure', async () => {
    const failing: TensorSession = { run: () => Promise.reject(new Error('out of memory')) };
    await expect(createSharedRunner()(failing, { own }, {})).rejects.toThrow('out of memory');
    await expect(createSharedRunner()(failing, { x: sharedTensor(1) }, {})).rejects.toThrow(
      'out of memory',
    );
  });
});
