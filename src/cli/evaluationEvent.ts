/** An evaluation as a line of events.jsonl. */
import { lockRun, openEventLog, type RunLock, type TrainedRun } from '../run/index.ts';

/** The figures of an evaluation that everybody asks for; null where there are no labels or nothing to test on. */
export interface Figures {
  readonly labelled: boolean;
  readonly k?: number;
  readonly nmi: number | null;
  readonly acc: number | null;
  readonly ari: number | null;
  readonly knn: { readonly accuracy: number | null };
  readonly linear: { readonly accuracy: number | null };
}

/** Adds the event; leaves it out while another process trains the run, whose log it is then. */
export async function noteEvaluation(
  { folder, checkpoint }: TrainedRun,
  { source, k, nmi, acc, ari, knn, linear }: Figures & { source: string },
): Promise<void> {
  let lock: RunLock;
  try {
    lock = await lockRun(folder);
  } catch {
    return;
  }
  try {
    const { step, epoch } = checkpoint.info;
    const log = await openEventLog(folder.files.events);
    log.append({
      kind: 'evaluation',
      step,
      epoch,
      source,
      k: k ?? null,
      nmi,
      acc,
      ari,
      knn: knn.accuracy,
      linear: linear.accuracy,
    });
    await log.close();
  } finally {
    lock.release();
  }
}
