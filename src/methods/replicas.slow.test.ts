/** Steps of further methods on two replicas with half a batch each. */
import { afterAll, describe, it } from 'vitest';
import { openCpu } from '../backends/cpu/index.ts';
import { expectStepOfWhole, methods } from './replicas.cases.ts';

const backend = await openCpu({ threads: 1 });
afterAll(() => backend.close());

describe('two replicas with half a batch', () => {
  it.each(['instdisc', 'byol', 'simsiam', 'deepcluster-v2'])('take the step of one: %s', (name) =>
    expectStepOfWhole(backend, methods[name]!),
  );
});
