/** Events of a training that change the overview of its run: its state, or the maps that exist. */
const lasting: readonly string[] = ['run-started', 'measures', 'checkpoint', 'run-ended'];
export const isLasting = (kind: string) => lasting.includes(kind);

/** Makes a function that does its work after a time, once for all calls until then. */
export function soon(work: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      work();
    }, ms);
  };
}
