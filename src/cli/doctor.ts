/** `likeness doctor`: what this machine has for work on several ranks. */
import { LikenessError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { inspectMpi, type MpiFacts } from '../likeness.ts';
import type { Command } from './command.ts';
import type { Terminal } from './terminal.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  ranks: 'all',
  summary: 'Examines this machine for work on several ranks, and says what is missing.',
  details:
    'Prints the MPI library that was found and its version, the ranks and their hosts, the threads ' +
    'per rank, and what is missing. Under mpirun, mpiexec or srun all ranks are examined, and rank ' +
    '0 prints. Open MPI, MPICH and libraries with the interface of MPICH are called through the ' +
    'package koffi, which npm installs where it can. LIKENESS_MPI names the file of another ' +
    'library. `likeness train` uses several ranks (docs/several-machines.md).',
  arguments: [{ name: 'part', description: 'part that is examined, which is mpi' }],
  options: [],
  examples: [
    { command: 'likeness doctor mpi', meaning: 'library and launchers of this machine' },
    { command: 'mpirun -n 2 npx likeness doctor mpi', meaning: 'two ranks and their hosts' },
  ],
  async run([part], _options, terminal) {
    if (part !== 'mpi') {
      throw new LikenessError('flag.invalid', `part: received "${part}"; expected mpi`);
    }
    const facts = await inspectMpi();
    if (facts.rank > 0) terminal.mute();
    printMpi(facts, terminal);
    return facts;
  },
};

function printMpi(facts: MpiFacts, terminal: Terminal): void {
  const { library, koffi, launcher, launchers, ranks, missing } = facts;
  const hosts = new Set(ranks.map(({ host }) => host));
  const threads = new Set(ranks.map((rank) => rank.threads));
  const lines: [string, string][] = [
    ['library', library ? `${library.version} (${library.file}), ${library.handles}` : 'none'],
    ['koffi', koffi ?? 'not used'],
    ['launcher', launcher ?? `none (in PATH: ${launchers.join(', ') || 'none'})`],
    ['ranks', `${plural(ranks.length, 'rank')} on ${plural(hosts.size, 'host')}`],
    ...ranks.map(({ rank, host, cores, ...of }): [string, string] => [
      '',
      `rank ${rank} on ${host}, ${plural(of.threads, 'thread')} (${plural(cores, 'core')})`,
    ]),
    ['threads', `${[...threads].join(' or ')} per rank`],
    ...(missing.length === 0 ? ['nothing'] : missing).map((text, i): [string, string] => [
      i === 0 ? 'missing' : '',
      text,
    ]),
  ];
  for (const [name, value] of lines) terminal.say(`${name.padEnd(8)}  ${value}`);
}
