/** The numbered examples as a table and as code. */
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../examples/', import.meta.url);

export interface ExampleFile {
  /** File name. */
  readonly name: string;
  /** First comment, such as `Resume: stop a training early ...`. */
  readonly about: string;
  /** Code below that comment, as a program that has installed the library writes it. */
  readonly code: string;
}

/** Lists the examples in the order of their numbers. */
export function listOfExamples(): ExampleFile[] {
  return readdirSync(folder)
    .filter((name) => /^\d\d-.*\.ts$/.test(name))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, folder), 'utf8');
      const [, about, code] = /^\/\*\* (.*?) \*\/\n(.*)$/s.exec(text) ?? [];
      if (about === undefined || code === undefined)
        throw new Error(`${name}: expected a first comment`);
      return { name, about, code: asInstalled(code).trimEnd() };
    });
}

/**
 * Replaces imports of the sources by those of the package, and the input that the examples share by
 * the values that a reader would write.
 */
function asInstalled(code: string): string {
  return code
    .replace(/^import \{[^}]*\} from '\.\/input\.ts';\n/m, '')
    .replaceAll('...budget', 'minutes: 30')
    .replaceAll('await firstImage(images)', "'new.jpg'")
    .replaceAll(/\bfolder\b/g, "'photos'")
    .replaceAll(/'\.\.\/src\/(\w+)\/index\.ts'/g, "'likeness-ml/$1'")
    .replaceAll("'../src/likeness.ts'", "'likeness-ml'");
}

/** Formats the table of examples/README.md. */
export function examplesTable(): string {
  const rows = listOfExamples().map(({ name, about }) => {
    const [title, ...rest] = about.split(': ');
    return `| [${name}](${name}) | ${title} | ${rest.join(': ')} |`;
  });
  return ['| program | idea | content |', '|---|---|---|', ...rows].join('\n');
}

/** Formats the code of one example, by its file name. */
export function exampleText(name: string): string {
  const example = listOfExamples().find((one) => one.name === name);
  if (!example) throw new Error(`${name}: not an example`);
  return `\`\`\`ts\n${example.code}\n\`\`\``;
}
