/**
 * Tiny-ImageNet as it is published: `train/<class>/images/*.JPEG`, `val/images/*.JPEG` with the
 * classes in `val/val_annotations.txt`, and `test/images/*.JPEG` without classes.
 *
 * Source: the files of Stanford's CS231n, tiny-imagenet-200.zip.
 */
import { join } from 'node:path';
import { readRegularSync } from '../formats/index.ts';
import { unreadableSource } from './records.ts';
import { type FolderOptions, openFolder } from './source-folder.ts';
import type { Source } from './types.ts';

const ANNOTATIONS = 'val_annotations.txt';

/** Tells if a folder has the files of Tiny-ImageNet. */
export function isTinyImagenet(names: readonly string[]): boolean {
  return ['train', 'val', 'wnids.txt', 'words.txt'].every((name) => names.includes(name));
}

/**
 * Opens Tiny-ImageNet. Validation images are the test split, and images without a class are left
 * out.
 */
export async function openTinyImagenet(path: string, options: FolderOptions): Promise<Source> {
  const classes = readAnnotations(join(path, 'val', ANNOTATIONS));
  const layoutPath = (id: string): string | undefined => {
    const [part, second, file] = id.split('/');
    if (part === 'train') return id;
    const name = part === 'val' && second === 'images' ? classes.get(file ?? '') : undefined;
    return name === undefined ? undefined : `val/${name}/${file}`;
  };
  const source = await openFolder(path, { ...options, layoutPath });
  const message =
    `Tiny-ImageNet: validation images have the classes of ${ANNOTATIONS}, and test images, which ` +
    'have none, are left out';
  return { ...source, notes: [...(source.notes ?? []), { code: 'images.layout', message }] };
}

/** Class of each validation image: lines of file, class and box, separated by tabs. */
function readAnnotations(file: string): ReadonlyMap<string, string> {
  try {
    const rows = readRegularSync(file).toString('utf8').split(/\r?\n/);
    return new Map(rows.map((row) => row.split('\t')).map(([name = '', id = '']) => [name, id]));
  } catch (error) {
    throw unreadableSource(file, error);
  }
}
