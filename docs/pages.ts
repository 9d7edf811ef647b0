/** The generated pages, as text by path. */
import { readdirSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import type { Command } from '../src/cli/command.ts';
import { commands } from '../src/cli/commands.ts';
import { presets, settingsSchema } from '../src/methods/index.ts';

const methodPages = new URL('./methods/', import.meta.url);
const TEMPLATE = '.template.md';

/** All generated pages: path from the repository's root to content. */
export function pages(): Record<string, string> {
  return {
    ...Object.fromEntries(
      commands.map((command) => [`docs/commands/${command.name}.md`, commandPage(command)]),
    ),
    'docs/settings.md': settingsPage(),
    ...Object.fromEntries(
      readdirSync(methodPages)
        .filter((name) => name.endsWith(TEMPLATE))
        .map((name) => [
          `docs/methods/${name.slice(0, -TEMPLATE.length)}.md`,
          withIncludes(new URL(name, methodPages)),
        ]),
    ),
  };
}

/** Text that may stand in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function commandPage({ name, summary, details, arguments: args, options, examples }: Command): string {
  const usage = [
    'likeness',
    name,
    ...args.map(({ name: arg, count }) => (count === 'many' ? `<${arg}...>` : `<${arg}>`)),
    '[options]',
  ];
  const lines = [`# likeness ${name}`, '', summary, ''];
  if (details) lines.push(...details.split('\n').flatMap((line) => [line, '']));
  lines.push('```', usage.join(' '), '```', '');
  if (args.length > 0) {
    lines.push('| argument | meaning |', '|---|---|');
    for (const arg of args) lines.push(`| \`${arg.name}\` | ${cell(arg.description)} |`);
    lines.push('');
  }
  lines.push('| option | meaning | default |', '|---|---|---|');
  for (const option of options) {
    lines.push(`| \`${cell(option.flags)}\` | ${cell(option.description)} | ${cell(option.default ?? '')} |`);
  }
  lines.push(
    '| `--json` | one machine-readable object on stdout; lines for people go to stderr | |',
    '',
    '## Examples',
    '',
  );
  for (const { command, meaning } of examples) lines.push('```sh', `${command}   # ${meaning}`, '```', '');
  return `${lines.join('\n').trimEnd()}\n`;
}

function settingsPage(): string {
  const lines = [
    '# Settings',
    '',
    'Every setting of a training run, as `likeness train --set name=value` takes it. The defaults are those of the schema; a',
    'preset changes some of them.',
    '',
    '| setting | default | meaning |',
    '|---|---|---|',
  ];
  for (const [name, field] of Object.entries(settingsSchema.shape) as [string, z.ZodType][]) {
    const fallback = field.safeParse(undefined);
    const shown = fallback.success && fallback.data !== undefined ? `\`${String(fallback.data)}\`` : '';
    lines.push(`| \`${name}\` | ${shown} | ${cell(field.description ?? '')} |`);
  }
  lines.push('', '## Presets', '', 'Chosen by the size of the images unless named with `--preset`.', '');
  for (const [name, { description, settings }] of Object.entries(presets)) {
    const values = Object.entries(settings).map(([key, value]) => `\`${key}=${value}\``);
    lines.push(`**${name}**: ${description}. ${values.join(' ')}`, '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** A hand-written page in which `<!-- include path -->` is replaced by that file, as a code block. */
function withIncludes(template: URL): string {
  return readFileSync(template, 'utf8').replaceAll(/<!-- include (\S+) -->/g, (_, path: string) => {
    const text = readFileSync(new URL(`../${path}`, import.meta.url), 'utf8').trimEnd();
    return `\`\`\`ts\n${text}\n\`\`\``;
  });
}
