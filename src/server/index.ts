/** The HTTP server of the page. */
export { type ExploreOptions, type ExploreServer, explore } from './explore.ts';
export { hasPage, pageFolder } from './page.ts';
export type * from './protocol.ts';
