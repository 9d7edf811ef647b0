import type { App } from './app.svelte.ts';
import type { View } from './urlState.ts';

/** Shortcut of the page, also a line of the sheet of keys. */
export interface Shortcut {
  /** `event.key` in lower case, after `mod+` for Ctrl or Cmd and `shift+`. */
  readonly keys: readonly string[];
  /** Keys as people read them. */
  readonly label: string;
  readonly title: string;
  /** False where the shortcut does not apply, so that the browser gets the key. */
  readonly run: (app: App) => boolean | undefined | Promise<unknown>;
}

export interface ShortcutGroup {
  readonly title: string;
  readonly shortcuts: readonly Shortcut[];
}

const view = (key: string, name: View, title: string): Shortcut => ({
  ...{ keys: [key], label: key, title },
  run: (app) => {
    app.go({ view: name, cluster: null, open: null });
    return true;
  },
});

function step(app: App, by: number): boolean {
  const { open } = app.state;
  if (open === null) return false;
  const next = app.steps[app.steps.indexOf(open) + by];
  if (next !== undefined) app.go({ open: next }, { replace: true });
  return true;
}

/** Rows that a key acts on: the opened image, the selection, or the image under the pointer. */
function subject(app: App): number[] {
  if (app.state.open !== null) return [app.state.open];
  if (app.selection.size > 0) return app.selectedRows();
  return app.current === null ? [] : [app.current];
}

function dialog(app: App, name: NonNullable<App['dialog']>): boolean {
  const rows = subject(app);
  if (rows.length === 0) return false;
  if (app.selection.size === 0 || app.state.open !== null) app.select(rows);
  app.dialog = name;
  return true;
}

export const shortcutGroups: readonly ShortcutGroup[] = [
  {
    title: 'Everywhere',
    shortcuts: [
      view('1', 'map', 'map'),
      view('2', 'clusters', 'clusters'),
      view('3', 'find', 'find'),
      view('4', 'watch', 'watch'),
      view('5', 'compare', 'compare'),
      {
        ...{ keys: ['/'], label: '/', title: 'search' },
        run: (app) => {
          const { view, find } = app.state;
          if (view !== 'find' || find !== 'search') {
            app.go({ view: 'find', find: 'search', open: null, like: null });
          }
          requestAnimationFrame(() => document.getElementById('search')?.focus());
          return true;
        },
      },
      {
        ...{ keys: ['escape'], label: 'Esc', title: 'close, then clear selection, then filter' },
        run: (app) => app.escape(),
      },
      {
        ...{ keys: ['mod+z'], label: 'Ctrl Z', title: 'undo' },
        run: (app) => app.undo(),
      },
      {
        ...{ keys: ['mod+shift+z', 'mod+y'], label: 'Ctrl Shift Z', title: 'redo' },
        run: (app) => app.redo(),
      },
      {
        ...{ keys: ['?', 'shift+?'], label: '?', title: 'this sheet' },
        run: (app) => {
          app.dialog = app.dialog === 'keys' ? null : 'keys';
          return true;
        },
      },
    ],
  },
  {
    title: 'Images',
    shortcuts: [
      { ...{ keys: ['x'], label: 'x', title: 'select or not' }, run: toggle },
      { ...{ keys: ['s'], label: 's', title: 'more like this' }, run: like },
      {
        ...{ keys: ['m'], label: 'm', title: 'move to a cluster' },
        run: (app) => dialog(app, 'move'),
      },
      { ...{ keys: ['j'], label: 'j', title: 'mark as junk' }, run: junk },
      { ...{ keys: ['g'], label: 'g', title: 'merge selected clusters' }, run: merge },
      {
        ...{ keys: ['e'], label: 'e', title: 'take away' },
        run: (app) => {
          app.dialog = 'takeaway';
          return true;
        },
      },
    ],
  },
  {
    title: 'Full size',
    shortcuts: [
      {
        ...{ keys: ['arrowleft'], label: '←', title: 'previous image' },
        run: (app) => step(app, -1),
      },
      {
        ...{ keys: ['arrowright', ' '], label: '→', title: 'next image' },
        run: (app) => step(app, 1),
      },
    ],
  },
];

/** Keys that lists and the map read themselves, for the sheet. */
export const listKeys: readonly (readonly [string, string])[] = [
  ['← → ↑ ↓', 'go through pictures'],
  ['Enter', 'open'],
  ['Space', 'select or not'],
  ['Shift + arrow', 'select a range'],
  ['Ctrl + click', 'select or not'],
  ['Shift + click', 'select a range'],
];
/** Keys of the groups of duplicates. */
export const duplicateKeys: readonly (readonly [string, string])[] = [
  ['↑ ↓', 'go through groups'],
  ['← →', 'go through images'],
  ['Enter', 'keep this image alone'],
  ['k', 'keep it, too, or not'],
  ['a', 'keep the whole group, or not'],
  ['o', 'open in full size'],
];
export const mapKeys: readonly (readonly [string, string])[] = [
  ['Drag', 'move the map'],
  ['Wheel, + −', 'zoom'],
  ['Shift + drag', 'lasso'],
  ['v, l, r', 'move, lasso, rectangle'],
  ['0', 'show all'],
];

function toggle(app: App): boolean {
  const row = app.state.open ?? app.current;
  if (row === null) return false;
  app.toggle(row);
  return true;
}

function like(app: App): boolean {
  const row = app.state.open ?? app.current;
  if (row === null) return false;
  app.showLike(row);
  return true;
}

function junk(app: App): boolean {
  const rows = subject(app);
  const selected = app.state.open === null && app.selection.size > 0;
  if (rows.length === 0) return false;
  void app.junk(rows).then((done) => {
    if (done && selected) app.select([]);
  });
  return true;
}

function merge(app: App): boolean {
  if (app.selectedClusters().length < 2) return false;
  void app.mergeSelected();
  return true;
}

/** Finds and runs the shortcut of an event. Keys that are typed into a field are left alone. */
export function handleKey(app: App, event: KeyboardEvent): void {
  const target = event.target as HTMLElement | null;
  const typing = target?.closest('input:not([type=range],[type=radio]), textarea, select') !== null;
  if (event.altKey || event.defaultPrevented) return;
  if (typing && event.key !== 'Escape') return;
  if (typing && event.key === 'Escape') target?.blur();
  const mod = event.ctrlKey || event.metaKey ? 'mod+' : '';
  const shift = event.shiftKey ? 'shift+' : '';
  const pressed = `${mod}${shift}${event.key.toLowerCase()}`;
  if (pressed === ' ' && target?.closest('button, a')) return;
  for (const { shortcuts } of shortcutGroups) {
    for (const shortcut of shortcuts) {
      if (!shortcut.keys.includes(pressed)) continue;
      if (shortcut.run(app) !== false) event.preventDefault();
      return;
    }
  }
}
