/** Folders of a run that vanish while it trains. */
import { access } from 'node:fs/promises';
import type { Plan } from '../compile/index.ts';
import type { Reporter } from '../core/reporter.ts';
import { displayPath } from '../core/text.ts';
import { makeFolder } from '../formats/index.ts';
import {
  type EventLog,
  isRunFolder,
  type RunFolder,
  type TrainedConfig,
  writePlan,
  writeRunConfig,
} from '../run/index.ts';

/**
 * Writes the run's files again where its folder was removed or moved away, and warns; true where
 * something was missing. The next checkpoint then has all that a resume needs.
 *
 * @throws LikenessError `write.*`
 */
export async function restoreVanished(
  { folder, config }: { folder: RunFolder; config: TrainedConfig },
  { events, plan, reporter }: { events: Pick<EventLog, 'reopen'>; plan: Plan; reporter: Reporter },
): Promise<boolean> {
  const { files, path } = folder;
  const isWhole = await isRunFolder(path);
  const hasCheckpoints = await access(files.checkpoints).then(
    () => true,
    () => false,
  );
  if (isWhole && hasCheckpoints) return false;
  await makeFolder(files.checkpoints);
  if (!isWhole) {
    await writeRunConfig(folder, config);
    await writePlan(files.plan, plan);
    await events.reopen();
  }
  const shown = displayPath(isWhole ? files.checkpoints : path);
  const message =
    `${shown} has vanished while training. It is made again with the present state; what was in it ` +
    'before is missing';
  reporter.warn({ code: 'run.vanished', message });
  return true;
}
