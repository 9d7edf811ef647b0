/**
 * Returns the URL of a worker's file: `.ts` beside TypeScript sources, which Node runs by stripping
 * types, `.js` in a build.
 *
 * @param importer `import.meta.url` of the calling file.
 * @param name file name without extension, beside the caller, for example `"./loader.worker"`.
 */
export function workerUrl(importer: string, name: string): URL {
  const extension = importer.endsWith('.ts') ? '.ts' : '.js';
  return new URL(`${name}${extension}`, importer);
}
