/** Note on training from scratch on few images. */
import { plural } from '../core/text.ts';

/**
 * Images below which networks that were trained from scratch for minutes stayed below features
 * that need no training, on every set in color of docs/results.md, "Methods by budget".
 */
export const SMALL_FOLDER = 5000;

/** Names of the ways without training, in parentheses. */
const libraryWays = { features: ' (`start(images)`)', pretrained: ' (`encoder`)' };

/** Sentence that names the other ways; undefined where there are images enough. */
export function smallFolderNote(images: number, ways = libraryWays): string | undefined {
  if (images >= SMALL_FOLDER) return undefined;
  return (
    `${plural(images, 'image')} are few for training from scratch: in minutes it rarely passes ` +
    `patch features, which need no training${ways.features}. A pretrained ` +
    `model${ways.pretrained} groups photos better still`
  );
}
