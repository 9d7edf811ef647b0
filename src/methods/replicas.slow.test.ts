/** Steps of further methods on two replicas with half a batch each. */
import { afterAll, describe, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { expectStepOfWhole, methods } from './replicas.cases.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

describe('two replicas with half a batch', () => {
  it.each(['instdisc', 'byol', 'simsiam', 'deepcluster-v2'])('take the step of one: %s', (name) =>
    expectStepOfWhole(engine, methods[name]!),
  );
});
