/** Every command, in the order in which the help and the documentation list them. */
import { assignCommand } from './assign.ts';
import { cacheCommand } from './cache.ts';
import { clusterCommand } from './cluster.ts';
import type { Command } from './command.ts';
import { compareCommand } from './compare.ts';
import { doctorCommand } from './doctor.ts';
import { duplicatesCommand } from './duplicates.ts';
import { embedCommand } from './embed.ts';
import { encodersCommand } from './encoders.ts';
import { evaluateCommand } from './evaluate.ts';
import { exploreCommand } from './explore.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { inspectCommand } from './inspect.ts';
import { startCommand } from './start.ts';
import { trainCommand } from './train.ts';
import { tuneCommand } from './tune.ts';
import { viewsCommand } from './views.ts';

export const commands: readonly Command[] = [
  startCommand,
  trainCommand,
  clusterCommand,
  exploreCommand,
  evaluateCommand,
  compareCommand,
  embedCommand,
  exportCommand,
  importCommand,
  assignCommand,
  duplicatesCommand,
  inspectCommand,
  viewsCommand,
  encodersCommand,
  cacheCommand,
  tuneCommand,
  doctorCommand,
];
