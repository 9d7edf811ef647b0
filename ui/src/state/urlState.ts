import {
  type ColumnName,
  type DuplicateRule,
  duplicateRules,
  LEAST_ALIKE,
} from '../../../src/server/protocol.ts';

export const views = ['map', 'clusters', 'tree', 'find', 'watch', 'compare', 'runs'] as const;
export type View = (typeof views)[number];

/** Ways of the view `find`. */
export const finds = ['search', 'duplicates', 'outliers'] as const;
export type Find = (typeof finds)[number];

export const wallOrders = ['size', 'doubtful', 'cohesion', 'number', 'name'] as const;
export type WallOrder = (typeof wallOrders)[number];

export const gridOrders = ['typical', 'doubtful', 'date', 'size'] as const;
export type GridOrder = (typeof gridOrders)[number];

/** View settings: the way things are shown. A reset of the page keeps them. */
export interface Spec {
  /** Column that colors the points of the map. */
  color: ColumnName;
  /** Step of training whose layout the map shows. */
  step: number | 'final';
  wall: WallOrder;
  grid: GridOrder;
  /** Side of a tile in pixels. */
  tile: number;
  /** Similarity from which images are shown as duplicates. */
  threshold: number;
  /** Kind of duplicates that is shown: near ones, or files with the same bytes. */
  copies: 'near' | 'exact';
  /** Image of a group of duplicates that is kept. */
  keep: DuplicateRule;
  /** Folder whose images are kept before all others; empty for none. */
  prefer: string;
}

/** Actions of the person: where they are and what they chose. Escape clears parts of it. */
export interface PageState {
  view: View;
  /** Opened cluster in the view `clusters`, where -2 is junk, or the node in the view `tree`. */
  cluster: number | null;
  /** Row of the image in full size. */
  open: number | null;
  /** Rows of the selection, by `encodeRows`, or `@` and a key of the session's storage. */
  selected: string;
  /** Way of finding in the view `find`. */
  find: Find;
  /** Words of the search. */
  query: string;
  /** Folder that is searched; empty for all. */
  folder: string;
  /** Row whose like the view `find` shows. */
  like: number | null;
  /** Categories that the map keeps in color; empty for all. */
  only: readonly number[];
  /** Run that the view `compare` shows beside the opened one. */
  other: string;
}

export const firstSpec: Spec = {
  ...{ color: 'cluster', step: 'final', wall: 'size', grid: 'typical', tile: 112 },
  ...{ threshold: 0.9, copies: 'near', keep: 'best', prefer: '' },
};
export const firstState: PageState = {
  ...{ view: 'clusters', cluster: null, open: null, selected: '', query: '' },
  ...{ find: 'search', folder: '' },
  ...{ like: null, only: [], other: '' },
};

const colors: readonly string[] = [
  ...['cluster', 'confidence', 'margin', 'second', 'order', 'label', 'date'],
  ...['dated', 'width', 'height', 'bytes'],
];

const isColumn = (name: string | null) =>
  name !== null && (colors.includes(name) || /^csv-\d{1,3}$/.test(name));

/** Writes spec and state as the fragment of a URL, without the parts that are as at the start. */
export function formatUrl(spec: Spec, state: PageState): string {
  const part =
    state.view === 'clusters' || state.view === 'tree'
      ? state.cluster
      : state.view === 'find' && state.find !== 'search'
        ? state.find
        : null;
  const path = part === null ? '' : `/${part}`;
  const query = new URLSearchParams();
  const put = (name: string, value: string, first: string) => {
    if (value !== first) query.set(name, value);
  };
  put('color', spec.color, firstSpec.color);
  put('step', String(spec.step), String(firstSpec.step));
  put('wall', spec.wall, firstSpec.wall);
  put('grid', spec.grid, firstSpec.grid);
  put('tile', String(spec.tile), String(firstSpec.tile));
  put('alike', String(spec.threshold), String(firstSpec.threshold));
  put('copies', spec.copies, firstSpec.copies);
  put('keep', spec.keep, firstSpec.keep);
  put('prefer', spec.prefer, firstSpec.prefer);
  put('open', state.open === null ? '' : String(state.open), '');
  put('like', state.like === null ? '' : String(state.like), '');
  put('q', state.query, '');
  put('folder', state.folder, '');
  put('only', state.only.join('.'), '');
  put('other', state.other, '');
  put('selected', state.selected, '');
  const text = query.toString();
  return `#/${state.view}${path}${text && `?${text}`}`;
}

/** Reads {@link formatUrl}. A part that is no value of its kind is as at the start. */
export function parseUrl(fragment: string): { spec: Spec; state: PageState } {
  const [path = '', text = ''] = fragment.replace(/^#?\/?/, '').split(/\?(.*)/s);
  const [view, part] = path.split('/');
  const query = new URLSearchParams(text);
  const among = <T extends string>(values: readonly T[], value: string | null | undefined, or: T) =>
    values.find((one) => one === value) ?? or;
  const integer = (value: string | null | undefined) =>
    value != null && /^-?\d{1,9}$/.test(value) ? Number(value) : null;
  const natural = (name: string) => {
    const value = integer(query.get(name));
    return value !== null && value >= 0 ? value : null;
  };
  const only = query.get('only') ?? '';
  const alike = query.get('alike') ?? '';
  const threshold = /^\d(\.\d{1,3})?$/.test(alike) ? Number(alike) : firstSpec.threshold;
  return {
    spec: {
      color: isColumn(query.get('color')) ? (query.get('color') as ColumnName) : firstSpec.color,
      step: natural('step') ?? firstSpec.step,
      wall: among(wallOrders, query.get('wall'), firstSpec.wall),
      grid: among(gridOrders, query.get('grid'), firstSpec.grid),
      tile: Math.min(256, Math.max(48, natural('tile') ?? firstSpec.tile)),
      threshold: Math.min(1, Math.max(LEAST_ALIKE, threshold)),
      copies: among(['near', 'exact'], query.get('copies'), firstSpec.copies),
      keep: among(duplicateRules, query.get('keep'), firstSpec.keep),
      prefer: query.get('prefer') ?? '',
    },
    state: {
      view: among(views, view, firstState.view),
      cluster: view === 'clusters' || view === 'tree' ? integer(part) : null,
      find: among(finds, view === 'find' ? part : null, firstState.find),
      open: natural('open'),
      like: natural('like'),
      query: query.get('q') ?? '',
      folder: query.get('folder') ?? '',
      only: /^-?\d+(\.-?\d+)*$/.test(only) ? only.split('.').map(Number) : [],
      other: query.get('other') ?? '',
      selected: query.get('selected') ?? '',
    },
  };
}
