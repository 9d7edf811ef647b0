/** Tells folders that are classes of a data set from albums, dates and camera folders. */

/** Folders as labels, none, or the path of a CSV file with labels. */
export type LabelChoice = 'folders' | 'none' | (string & {});

const MONTHS =
  'jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|' +
  'nov(ember)?|dec(ember)?';
/** A year, a year and month, a date, with or without its century, or a month. */
const DATES = [
  /(^|\D)(19|20)\d\d(\D|$)/,
  /(^|\D)(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])?(\D|$)/,
  /(^|\D)([0-2]?\d|3[01])[._-]([0-2]?\d|3[01])[._-]\d\d(\D|$)/,
  new RegExp(`^(\\d{1,2}[ ._-]*)?(${MONTHS})$`, 'i'),
];
/** Languages whose names of months are recognized, besides English. */
const LANGUAGES =
  'ca cs da de el es fi fr hr hu id it ja ko nb nl pl pt ro ru sk sl sv tr uk vi zh';
/** Names that cameras, telephones and programs give to folders. */
const ALBUMS = [
  /^dcim$|^\d{3}(apple|canon|nikon|_?pana|olymp|msdcf|media|gopro|photo|andro|_fuji|dji)/i,
  /^(camera (roll|uploads)|screenshots?|saved pictures|new folder.*|untitled.*|album\b.*)$/i,
  /^(whatsapp|telegram) (images|photos|documents|stickers)/i,
];
/** Names that cameras, telephones and messengers give to files. */
const CAMERA_FILES = new RegExp(
  '^((img|vid|mvimg|pxl|burst|wp|pano|screenshot|signal|dji|gopr|gx|dscn|dscf|dsc|_dsc|_mg|' +
    'imgp|sam|cimg|hpim|kif|pict|p[0-9a-c])[-_]?\\d{3,}|whatsapp image |screenshot |fullsizerender|' +
    '(19|20)\\d{6}[-_ ]\\d{6})',
  'i',
);

const matches = (patterns: readonly RegExp[], name: string) =>
  patterns.some((test) => test.test(name));

/** Lists the names of months in other languages, in lower case. */
function monthNames(): ReadonlySet<string> {
  const months = Array.from({ length: 12 }, (_, month) => new Date(2000, month));
  const names = LANGUAGES.split(' ').flatMap((language) => {
    const format = new Intl.DateTimeFormat(language, { month: 'long' });
    return months.map((month) => format.format(month).toLowerCase());
  });
  return new Set(names);
}

/**
 * States why the folders side by side are not taken for classes. Undefined for classes.
 *
 * They are classes where every image lies in one of them, fewer than half of them are dated or
 * contain dated folders, none has a name that cameras and programs give, and at most half of the
 * images have names that cameras give. A folder of the person's own albums without such signs
 * cannot be told from classes.
 *
 * @param paths with `/`
 * @param start position of the class folder in each path
 */
export function notClasses(paths: readonly string[], start: number): string | undefined {
  const tops = new Set<string>();
  /** Path of the first dated folder in each. */
  const dated = new Map<string, string>();
  const months = monthNames();
  const isDated = (name: string) =>
    matches(DATES, name) ||
    months.has(name.normalize('NFC').toLowerCase()) ||
    months.has(
      name
        .normalize('NFC')
        .toLowerCase()
        .replace(/^\d{1,2}[ ._-]+/, ''),
    );
  let fromCamera = 0;
  for (const path of paths) {
    const parts = path.slice(start).split('/');
    if (parts.length === 1) return `images lie beside the folders, such as ${parts[0]}`;
    const [top, file] = [parts[0]!, parts.at(-1)!];
    tops.add(top);
    const found = dated.has(top) ? -1 : parts.slice(0, -1).findIndex(isDated);
    if (found >= 0) dated.set(top, parts.slice(0, found + 1).join('/'));
    if (CAMERA_FILES.test(file)) fromCamera++;
  }
  const album = [...tops].find((name) => matches(ALBUMS, name));
  if (album !== undefined) return `"${album}" is a folder of a camera or program`;
  if (dated.size * 2 >= tops.size) return `folders are dated, such as "${[...dated.values()][0]}"`;
  if (fromCamera * 2 > paths.length) {
    const file = paths
      .map((path) => path.slice(path.lastIndexOf('/') + 1))
      .find((name) => CAMERA_FILES.test(name));
    return `images have the names of a camera, such as ${file}, as in albums`;
  }
  return undefined;
}
