/** Date, program and machine of a report. */
import { availableParallelism, cpus } from 'node:os';
import { commitOf, version } from '../core/version.ts';
import type { NamedText } from './runReport.ts';

/** Names day, version with the commit of a checkout, Node's version, processor and threads. */
export function madeNow(): NamedText[] {
  const commit = commitOf();
  const cpu = cpus()[0]?.model.trim() ?? process.arch;
  return [
    { name: 'Date', value: new Date().toISOString().slice(0, 10) },
    { name: 'Program', value: `likeness ${version}${commit ? `, commit ${commit}` : ''}` },
    {
      name: 'Machine',
      value: `${cpu}, ${availableParallelism()} threads, Node ${process.version}`,
    },
  ];
}
