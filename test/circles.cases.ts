/**
 * Finds import circles by Tarjan's algorithm (Depth-first search and linear graph algorithms,
 * 1972).
 */
import { dirname, join } from 'node:path/posix';
import { specifiersOf } from './repository.cases.ts';

/** Maps each file to the files it imports; type imports count. Packages are left out. */
export function importGraph(texts: ReadonlyMap<string, string>): Map<string, string[]> {
  return new Map(
    [...texts].map(([file, text]) => {
      const relative = specifiersOf(text).filter((name) => name.startsWith('.'));
      return [
        file,
        relative.map((name) => join(dirname(file), name)).filter((target) => texts.has(target)),
      ];
    }),
  );
}

/**
 * Finds the circles of a graph: its strongly connected components of two or more files, and files
 * that import themselves. Each circle is sorted by name, and so is the list.
 */
export function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    low.set(file, order.get(file)!);
    stack.push(file);
    for (const target of graph.get(file)!) {
      if (!order.has(target)) visit(target);
      // A file outside the stack belongs to a component that is complete.
      if (stack.includes(target)) low.set(file, Math.min(low.get(file)!, low.get(target)!));
    }
    if (low.get(file) !== order.get(file)) return;
    const component = stack.splice(stack.indexOf(file));
    if (component.length > 1 || graph.get(file)!.includes(file)) circles.push(component.sort());
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return circles.sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
}
