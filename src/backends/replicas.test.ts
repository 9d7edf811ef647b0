/**
 * Operators that join replicas: nothing for one, and for several the values and gradients of one
 * program on the whole batch.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { encodeOnnx, standardLowering } from '../compile/index.ts';
import {
  add,
  batchNorm,
  crossReplicaBatchNorm,
  crossReplicaConcat,
  crossReplicaMax,
  crossReplicaMean,
  gradients,
  input,
  l2Normalize,
  matmul,
  max,
  mean,
  mul,
  nodesOf,
  rows,
  simplify,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { openCpu } from './cpu/index.ts';
import { createEngine } from './engine.ts';
import { expectEqualToWhole, runReplicas } from './ranks.cases.ts';

const backend = await openCpu({ threads: 1 });
afterAll(() => backend.close());
const engine = createEngine(backend);

describe('one replica', () => {
  const x = input('x', [4, 3]);
  const plain = { y: sum(mul(max(x, { axes: [0] }), mean(x, { axes: [0] }))), z: rows(x, 0, 2) };

  it('has the ONNX graph of a program without the operators', () => {
    const y = sum(
      mul(crossReplicaMax(max(x, { axes: [0] })), crossReplicaMean(mean(x, { axes: [0] }))),
    );
    const joined = { y, z: rows(crossReplicaConcat(crossReplicaMean(x), 1), 0, 2) };
    const bytes = (outputs: Record<string, Tensor>) =>
      encodeOnnx(standardLowering.lower(simplify(outputs)));
    expect(bytes(joined)).toEqual(bytes(plain));
  });

  it('has the gradients of a program without them', () => {
    const of = (y: Tensor) => simplify({ dx: gradients(y, [x])[0]! });
    const joined = of(sum(mul(crossReplicaConcat(crossReplicaMean(mul(x, x)), 1), x)));
    const bytes = (outputs: Record<string, Tensor>) => encodeOnnx(standardLowering.lower(outputs));
    expect(bytes(joined)).toEqual(bytes(of(sum(mul(mul(x, x), x)))));
  });
});

describe('several replicas', () => {
  const x = input('x', [2, 3]);

  it('keep the operators, which no device computes', async () => {
    const outputs = { y: crossReplicaMean(x) };
    const kept = nodesOf(Object.values(simplify(outputs, { replicas: 2 }))).map(
      ({ operator }) => operator,
    );
    expect(kept).toContain('crossReplicaMean');
    await expect(engine.compile({ outputs, replicas: 2 })).rejects.toThrow(
      'crossReplicaMean: received a program of several replicas; expected one that was cut at this operator',
    );
    const { y } = { y: crossReplicaConcat(x, 2) };
    await expect(engine.compile({ outputs: { y } })).rejects.toThrow(
      'crossReplicaConcat: received',
    );
  });

  it('exchange means, largest values and rows, also of whole numbers', async () => {
    const i = input('i', [1], 'int32');
    const outputs = {
      mean: crossReplicaMean(x),
      max: crossReplicaMax(x),
      concat: crossReplicaConcat(x, 2),
      whole: crossReplicaConcat(i, 2),
      // After another exchange.
      spread: crossReplicaMean(sub(x, crossReplicaMean(x))),
    };
    const found = await runReplicas(backend, { outputs, replicas: 2 }, [
      { x: Float32Array.of(1, 2, 3, 4, 5, 6), i: Int32Array.of(7) },
      { x: Float32Array.of(3, 2, 1, 0, -1, -2), i: Int32Array.of(-9) },
    ]);
    for (const { results } of found) {
      expect([...results.mean!]).toEqual([2, 2, 2, 2, 2, 2]);
      expect([...results.max!]).toEqual([3, 2, 3, 4, 5, 6]);
      expect([...results.concat!]).toEqual([1, 2, 3, 4, 5, 6, 3, 2, 1, 0, -1, -2]);
      expect(results.whole).toEqual(Int32Array.of(7, -9));
      expect([...results.spread!]).toEqual([0, 0, 0, 0, 0, 0]);
    }
  });

  it('refuse rows of a number and types without a mean', () => {
    expect(() => crossReplicaConcat(sum(x), 2)).toThrow(
      'received a tensor of rank 0; expected rows',
    );
    expect(() => crossReplicaMean(input('i', [1], 'int32'))).toThrow(
      'received a tensor of type int32',
    );
  });
});

describe.each([2, 3])('%i replicas with parts of a batch', (replicas) => {
  it('have the gradients of the mean loss of the whole batch', async () => {
    await expectEqualToWhole(backend, (x, w) => ({ loss: mean(mul(matmul(x, w), matmul(x, w))) }), {
      N: 12,
      D: 4,
      w: [4, 5],
      replicas,
    });
  });

  it('have its gradients through a mean, and through rows of all', async () => {
    await expectEqualToWhole(
      backend,
      (x, w, R) => {
        const z = l2Normalize(matmul(x, w)); // [n, 5]
        const center = crossReplicaMean(mean(z, { axes: [0] })); // [5]
        const all = crossReplicaConcat(z, R); // [R n, 5]
        const similar = matmul(z, transpose(all)); // [n, R n]
        return {
          loss: add(mean(mul(similar, similar)), sum(mul(center, mul(center, center)))),
          also: { center, all },
        };
      },
      { N: 12, D: 4, w: [4, 5], replicas },
    );
  });

  it('have the batch norm of the whole batch where they join it, gradients included', async () => {
    await expectEqualToWhole(
      backend,
      (x, w, R) => {
        const operator = R === 1 ? batchNorm : crossReplicaBatchNorm;
        const h = matmul(x, w); // [n, 5]
        const gamma = sum(w, { axes: [0] }); // [5]
        const beta = mul(gamma, 0.5); // [5]
        const { y, mean: center, variance } = operator(h, gamma, beta);
        return { loss: mean(mul(y, mul(y, y))), also: { center, variance } };
      },
      { N: 12, D: 4, w: [4, 5], replicas },
    );
  });
});
