/** Chromium of the system, which opens pages in tests. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Finds Chromium on the PATH. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const files = ['chromium', 'chromium-browser'].flatMap((name) =>
    folders.map((at) => join(at, name)),
  );
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
