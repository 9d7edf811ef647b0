/** Protocol between the page and the server; `src/explore/protocol.ts` describes it. */

export type * from '../explore/hierarchyProtocol.ts';
export * from '../explore/protocol.ts';
export type * from '../explore/trainingProtocol.ts';
export type * from '../explore/trainProtocol.ts';
