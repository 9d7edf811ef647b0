/** Builds the generated pages, as text by path. */
import { readdirSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import { argumentForm, type Command } from '../src/cli/command.ts';
import { commands } from '../src/cli/commands.ts';
import {
  allMethods,
  flatSettings,
  presets,
  sharedGroups,
  showSetting,
} from '../src/methods/index.ts';
import { verdictWords } from '../src/train/index.ts';
import { withBreadcrumb } from './breadcrumb.ts';
import {
  allReduceText,
  costModelText,
  gatheredText,
  joinedNormText,
  ranksText,
} from './collectives.ts';
import { colorsText } from './colors.ts';
import { comparisonsText, scoresText } from './comparisons.ts';
import { duplicatesSearchText, duplicatesText } from './duplicates.ts';
import { examplesTable, exampleText } from './examples.ts';
import { exploreText, mapText } from './explorer.ts';
import { fineTuningText } from './fineTuning.ts';
import { groupsText } from './groups.ts';
import { headsText } from './heads.ts';
import { knownModelsText } from './knownModels.ts';
import {
  growthText,
  kmeansText,
  labelFreeText,
  phasesText,
  projectionText,
  scaleText,
  secondsText,
} from './measurements.ts';
import { patchSettingsText, patchValueText } from './patchSettings.ts';
import { runtimeSettingsText } from './runtimeSettings.ts';
import { budgetsText, variantsText } from './shortComparisons.ts';
import { profileText, speedsText } from './speeds.ts';
import { suggestedKText } from './suggestedK.ts';
import { valueText } from './values.ts';

const folders = ['docs/', 'docs/methods/', 'examples/'];
const root = new URL('../', import.meta.url);
const TEMPLATE = '.template.md';

/** Texts that a page can include, by the first word, such as `<!-- example 02-resume.ts -->`. */
const includes: Readonly<Record<string, (argument: string) => string>> = {
  commands: commandsTable,
  example: exampleText,
  examples: examplesTable,
  explore: exploreText,
  scores: scoresText,
  budgets: budgetsText,
  colors: colorsText,
  comparisons: comparisonsText,
  duplicates: duplicatesText,
  'duplicates-search': duplicatesSearchText,
  'label-free': labelFreeText,
  kmeans: kmeansText,
  'fine-tuning': fineTuningText,
  map: mapText,
  heads: headsText,
  'known-models': knownModelsText,
  phases: phasesText,
  seconds: secondsText,
  'patch-settings': patchSettingsText,
  'patch-value': patchValueText,
  groups: groupsText,
  'suggested-k': suggestedKText,
  scale: scaleText,
  projection: projectionText,
  growth: growthText,
  'all-reduce': allReduceText,
  ranks: ranksText,
  'joined-norm': joinedNormText,
  'cost-model': costModelText,
  gathered: gatheredText,
  speeds: speedsText,
  profile: profileText,
  'runtime-settings': runtimeSettingsText,
  value: valueText,
  variants: variantsText,
  verdicts: verdictsTable,
};

/** Builds all generated pages: path from the repository's root to content. */
export function pages(): Record<string, string> {
  const written = {
    ...Object.fromEntries(
      commands.map((command) => [`docs/commands/${command.name}.md`, commandPage(command)]),
    ),
    'docs/settings.md': settingsPage(),
    ...Object.fromEntries(
      folders.flatMap((folder) =>
        readdirSync(new URL(folder, root))
          .filter((name) => name.endsWith(TEMPLATE))
          .map((name) => [
            `${folder}${name.slice(0, -TEMPLATE.length)}.md`,
            withIncludes(new URL(folder + name, root)),
          ]),
      ),
    ),
  };
  const entries = Object.entries(written).map(([path, page]) => [
    path,
    path === 'docs/README.md' ? page : withBreadcrumb(path, page),
  ]);
  const inPlace = ['README.md', 'docs/explorer.md'].map((page) => [page, updated(page)]);
  return { ...Object.fromEntries(entries), ...Object.fromEntries(inPlace) };
}

/** Formats the table of all commands in docs/README.md. */
function commandsTable(): string {
  const rows = commands.map(
    ({ name, summary }) => `| [\`${name}\`](commands/${name}.md) | ${cell(summary)} |`,
  );
  return ['| command | purpose |', '|---|---|', ...rows].join('\n');
}

/** Formats the words of the run doctor with their meanings. */
function verdictsTable(): string {
  const rows = Object.entries(verdictWords).map(
    ([word, meaning]) => `| ${word} | ${cell(meaning)} |`,
  );
  return ['| word | meaning |', '|---|---|', ...rows].join('\n');
}

/** Escapes text for a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function commandPage({
  name,
  summary,
  details,
  arguments: args,
  options,
  examples,
}: Command): string {
  const usage = [
    'likeness',
    name,
    ...args.map(({ name: arg, count }) => argumentForm(arg, count)),
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
    if (option.hidden) continue;
    const fallback = cell(option.default ?? '');
    lines.push(`| \`${cell(option.flags)}\` | ${cell(option.description)} | ${fallback} |`);
  }
  lines.push(
    '| `--json` | one machine-readable object on stdout; lines for people go to stderr | |',
    '',
    '## Examples',
    '',
  );
  for (const { command, meaning } of examples)
    lines.push('```sh', `${command}   # ${meaning}`, '```', '');
  return `${lines.join('\n').trimEnd()}\n`;
}

function settingsPage(): string {
  const lines = [
    '# Settings',
    '',
    'Settings of a training run, as `likeness train --set name=value` takes them. A preset and the',
    'recipe of a method change some of the defaults.',
    '',
    ...Object.entries(sharedGroups).flatMap(([group, { shape }]) =>
      settingsTable(`## ${group}`, group, shape),
    ),
    '## Settings of methods',
    '',
    'A method reads the settings of its own table, and none of another method.',
    '',
    ...allMethods().flatMap(({ name, settings }) =>
      settingsTable(`### ${name}`, name, settings.shape),
    ),
    '## Presets',
    '',
    '`train` chooses a preset by the size of the images, unless `--preset` names one.',
    '',
  ];
  for (const [name, { description, settings }] of Object.entries(presets)) {
    const values = Object.entries(flatSettings(settings)).map(
      ([key, value]) => `\`${key}=${value}\``,
    );
    lines.push(`**${name}**: ${description}. ${values.join(' ')}`, '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function settingsTable(
  title: string,
  group: string,
  shape: Readonly<Record<string, z.core.$ZodType>>,
): string[] {
  const rows = Object.entries(shape).map(([key, schema]) => {
    const field = schema as z.ZodType;
    const name = key === 'name' ? group : key;
    const fallback = field.safeParse(undefined);
    const value = fallback.success ? showSetting(name, fallback.data) : undefined;
    const shown = value === undefined ? '' : `\`${value}\``;
    return `| \`${name}\` | ${shown} | ${cell(field.description ?? '')} |`;
  });
  return [title, '', '| setting | default | meaning |', '|---|---|---|', ...rows, ''];
}

/** Reads a hand-written page and replaces each `<!-- name argument -->` by the text it names. */
function withIncludes(template: URL): string {
  return readFileSync(template, 'utf8').replaceAll(
    /<!-- ([a-z-]+)(?: (\S+))? -->/g,
    (whole, name: string, argument = '') => includes[name]?.(argument) ?? whole,
  );
}

/** Replaces the code of examples in README.md; the rest of it is written by hand. */
/** Replaces the texts between `<!-- example 02-resume.ts -->` and `<!-- /example -->`. */
function updated(page: string): string {
  return readFileSync(new URL(page, root), 'utf8').replaceAll(
    /(<!-- (\S+)(?: (\S+))? -->\n).*?(?=\n<!-- \/\2 -->)/gs,
    (_, marker: string, name: string, argument = '') => marker + includes[name]!(argument),
  );
}
