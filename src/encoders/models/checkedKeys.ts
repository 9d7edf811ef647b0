/** Checks the values of a file beside a model, which describes the model's input. */
import type { z } from 'zod';
import { LikenessError } from '../../core/errors.ts';
import { displayPath } from '../../core/text.ts';
import { type ImageInput, NAME_EXAMPLES } from './imageInput.ts';

/** Rule for the value of a key. */
export interface KeyRule {
  /** Value that is expected, for errors. */
  readonly expected: string;
  /** Parts of the input that tell the same. */
  readonly parts: readonly (keyof ImageInput)[];
}

/** Parts of the input that the file need not tell, because something stronger tells them. */
export type ToldParts = ReadonlySet<keyof ImageInput>;

export interface CheckedFile {
  /** Path of the file, for errors. */
  readonly file: string;
  readonly told: ToldParts;
}

/** Rules by key; keys of an object within the file are named with its key, as `outer.inner`. */
type Rules = Readonly<Record<string, KeyRule>>;

/** Tells if nothing of a key is needed, because all its parts are told. */
export function isTold({ parts }: KeyRule, told: ToldParts): boolean {
  return parts.every((part) => told.has(part));
}

/**
 * Checks the keys of a file by a schema. A value that cannot be is left out where the name of the
 * model tells the same.
 *
 * @param outer key of the object within the file; absent for the outermost
 * @throws LikenessError `encoder.preprocessor`
 */
export function checkedKeys<S extends z.ZodType>(
  schema: S,
  json: unknown,
  { file, told, rules, outer }: CheckedFile & { rules: Rules; outer?: string },
): z.output<S> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    const place = outer === undefined ? 'the file' : JSON.stringify(outer);
    refuse(file, `${place} is ${shown(json)}; expected an object. Restore the file of the model.`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const wrong = result.error.issues.map(({ path }) => String(path[0]));
  const own = json as Record<string, unknown>;
  const key = wrong.find((name) => !isTold(rules[name]!, told));
  if (key === undefined) {
    const rest = Object.entries(own).filter(([name]) => !wrong.includes(name));
    return schema.parse(Object.fromEntries(rest));
  }
  const { expected, parts } = rules[key]!;
  const name = JSON.stringify(outer === undefined ? key : `${outer}.${key}`);
  return refuse(
    file,
    `${name} is ${shown(own[key])}; expected ${expected}. Give the value behind the name of ` +
      `the model, such as "${exampleOf(parts)}", or correct the file.`,
  );
}

/** Parts behind the name of a model, such as `?mean=0.5,0.5,0.5`. */
export function exampleOf(parts: KeyRule['parts']): string {
  return `?${parts.map((part) => NAME_EXAMPLES[part]).join('&')}`;
}

/** Longest value that an error shows, in characters. */
const LONGEST = 80;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function refuse(file: string, reason: string): never {
  throw new LikenessError('encoder.preprocessor', `${displayPath(file)}: ${reason}`);
}
