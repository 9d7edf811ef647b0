/** Writes an evaluation as a line of events.jsonl. */
import type { EvaluationRecord } from '../evaluate/index.ts';
import { lockRun, openEventLog, type Run, type RunLock } from '../run/index.ts';

/** Appends the event; skipped while another process trains the run and owns its log. */
export async function noteEvaluation(
  { folder, step, epoch }: Run,
  { source, k, nmi, acc, ari, knn, linear }: EvaluationRecord & { source: string },
): Promise<void> {
  let lock: RunLock;
  try {
    lock = await lockRun(folder);
  } catch {
    return;
  }
  try {
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
