/** The communicator of one process: the only rank's values are the result. */
import { hostname } from 'node:os';
import type { Communicator } from './communicator.ts';
import { createCommunicator } from './transport.ts';

/** Communicator of one rank. */
export function alone(): Communicator {
  return createCommunicator({
    rank: 0,
    size: 1,
    hosts: [hostname()],
    agree: async () => undefined,
    allReduce: async () => {},
    allGather: async (values, into) => into.set(values),
    broadcast: async () => {},
    reduceScatter: async (values, into) => into.set(values),
    close: async () => {},
    abort: async () => {},
  });
}
