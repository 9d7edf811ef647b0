/** Protocol of a learned hierarchy. It imports types alone, as `protocol.ts`. */
import type { Row } from './protocol.ts';

/**
 * `GET /api/hierarchy`; 404 with the code `explore.noHierarchy` for a run without one.
 * `GET /api/hierarchy/leaves` is the position of the finest node of each image in `nodes`,
 * int32 [N].
 */
export interface HierarchyAnswer {
  /** Number of levels; level 0 is the coarsest. */
  readonly levels: number;
  /** Nodes with an image, level by level, each after its parent. */
  readonly nodes: readonly HierarchyNode[];
}

export interface HierarchyNode {
  readonly level: number;
  /** Number of its prototype in the level. */
  readonly prototype: number;
  /** Position of the parent in `nodes`; -1 at the coarsest level. */
  readonly parent: number;
  readonly size: number;
  /** Rows of the most typical images, at most 12, best first. */
  readonly typical: readonly Row[];
}
