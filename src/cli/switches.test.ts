/** Options without a value, of all commands, negated ones such as --no-open included. */
import { expect, it, vi } from 'vitest';
import { commands } from './commands.ts';
import { runCommandLine } from './program.ts';

const switches = commands.flatMap(({ name, options }) =>
  options.filter(({ flags }) => !flags.includes('<')).map(({ flags }) => [name, flags] as const),
);

it.each(switches)('%s reads %s without a value', async (name, flags) => {
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    // The unknown flag behind it keeps the command from starting.
    await runCommandLine([name, flags.split(', ').at(-1)!, '--no-such-flag']);
    const text = written.mock.calls.map(([line]) => String(line)).join('');
    expect(text).toContain("unknown option '--no-such-flag'");
  } finally {
    written.mockRestore();
  }
});
