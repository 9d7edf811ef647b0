/** Protocol between the page and the server; `src/explore/protocol.ts` describes it. */
export * from '../explore/protocol.ts';
export type * from '../explore/trainingProtocol.ts';
