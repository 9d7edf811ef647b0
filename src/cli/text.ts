/** Texts of settings on the command line, such as `batchSize=128` and `temperature=0.1,0.2`. */
import { LikenessError } from '../core/errors.ts';

/**
 * Parses texts `name=value`; the values are still texts. Of one name, the last counts.
 *
 * @throws LikenessError `settings.invalid`
 */
export function assignments(flag: string, texts: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const { name, value } = split(text);
      if (name !== '') return [name, value];
      throw new LikenessError(
        'settings.invalid',
        `${flag}: received "${text}"; expected key=value, such as batchSize=128`,
      );
    }),
  );
}

/**
 * Parses texts `name=a,b,c`, whose values are still texts. Semicolons separate values that have
 * commas, as in `clusters=512;512,256`.
 *
 * @throws LikenessError `flag.invalid` for equal values, and where a name was given twice.
 */
export function valueLists(flag: string, texts: readonly string[] = []): Record<string, string[]> {
  const lists: Record<string, string[]> = {};
  for (const text of texts) {
    const { name, value } = split(text);
    const values = value.split(value.includes(';') ? ';' : ',').map((part) => part.trim());
    if (name === '' || values.includes('') || new Set(values).size < values.length) {
      throw new LikenessError(
        'flag.invalid',
        `${flag}: received "${text}"; expected key=a,b,c with different values, such as ` +
          'temperature=0.1,0.2',
      );
    }
    if (Object.hasOwn(lists, name)) {
      throw new LikenessError(
        'flag.invalid',
        `${flag}: received ${name} twice; expected all its values in one ${flag}`,
      );
    }
    lists[name] = values;
  }
  return lists;
}

/** Splits at the first `=`; the name is empty where there is none. */
function split(text: string): { name: string; value: string } {
  const at = text.indexOf('=');
  return { name: text.slice(0, Math.max(0, at)).trim(), value: text.slice(at + 1).trim() };
}
