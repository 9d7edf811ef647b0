import { expect, it } from 'vitest';
import { SMALL_FOLDER, smallFolderNote } from './smallFolder.ts';

it('names other ways for few images alone', () => {
  expect(smallFolderNote(713)).toMatch(/^713 images are few .*`start\(images\)`.*`encoder`/);
  expect(smallFolderNote(SMALL_FOLDER - 1)).toBeDefined();
  expect(smallFolderNote(SMALL_FOLDER)).toBeUndefined();
});
