/** Settings of the patch encoder, with the defaults that were measured best on several sets. */
import { z } from 'zod';

const positive = () => z.number().int().min(1);

export const patchSettings = z.strictObject({
  colorFilters: positive().max(4096).default(256).describe('filters on color patches'),
  grayFilters: positive().max(4096).default(256).describe('filters on gray patches'),
  patches: positive()
    .max(1_000_000)
    .default(50_000)
    .describe('patches that the dictionary is learned from'),
  patchSize: z.number().int().min(2).max(32).optional().describe('side of a patch, in pixels'),
  stride: positive().optional().describe('pixels between neighboring patches'),
  contrast: z
    .number()
    .positive()
    .default(10)
    .describe('added to the variance of a patch, in levels of 0-255'),
  zca: z.number().positive().default(0.1).describe('added to the eigenvalues in whitening patches'),
  threshold: z.number().min(0).default(1).describe('response below which a filter is silent'),
  iterations: positive().default(10).describe('iterations of spherical k-means'),
  pyramid: z
    .array(positive().max(8))
    .min(1)
    .default([1, 2, 3])
    .describe('cells per side of the grids that responses are averaged in'),
  components: positive().default(192).describe('largest number of principal components'),
  imagesPerComponent: positive().default(4).describe('images per principal component, at least'),
  whitening: z
    .number()
    .min(0)
    .default(0.01)
    .describe('added to the variances of components, as a fraction of the largest'),
  images: positive()
    .default(4096)
    .describe('most images that components are computed from and that are kept in the memory'),
  temperature: z
    .number()
    .positive()
    .default(0.08)
    .describe('of the weights with which similar images of the memory are averaged'),
  ownWeight: z
    .number()
    .min(0)
    .default(0.5)
    .describe('weight of an image itself beside the average of similar images'),
});

export type PatchSettings = z.output<typeof patchSettings>;

/** Image size from which patches are larger and further apart. */
const LARGE = 48;

/** Side of a patch and step between patches for images of `size` x `size` pixels. */
export function patchGeometry(
  { patchSize, stride }: Pick<PatchSettings, 'patchSize' | 'stride'>,
  size: number,
): { side: number; stride: number } {
  const isLarge = size >= LARGE;
  const side = Math.min(size, patchSize ?? (isLarge ? 8 : 6));
  return { side, stride: stride ?? (isLarge ? 2 : 1) };
}
