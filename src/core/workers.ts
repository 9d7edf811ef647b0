/**
 * Where a worker's file is: `.ts` beside TypeScript sources (run by Node's type stripping), `.js` in a build.
 *
 * @param importer `import.meta.url` of the calling file.
 * @param name file name without extension, beside the caller, for example `"./loader.worker"`.
 */
export function workerUrl(importer: string, name: string): URL {
  const extension = importer.endsWith('.ts') ? '.ts' : '.js';
  return new URL(`${name}${extension}`, importer);
}
