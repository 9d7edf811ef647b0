/** Kernels of resizing that the files beside a model state. */
import { resizeKernels } from '../../views/index.ts';
import type { ImageInput } from './imageInput.ts';

/** Kernels by their numbers in Pillow. */
const NUMBERED = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];
/** Further kernels of timm: `random` draws one of them for each image. */
const FURTHER = ['nearest-exact', 'random'];

const named = NUMBERED.map((name, i) => `${name} (${i})`).join(', ');
/** Kernels that a file may state, for errors. */
export const STATED_KERNELS = `a kernel of Pillow: ${named}`;

/**
 * Name of a kernel by its name or by its number in Pillow, such as 3, `bicubic` or
 * `InterpolationMode.BICUBIC`; undefined for another.
 */
export function kernelName(value: number | string): string | undefined {
  if (typeof value === 'number') return NUMBERED[value];
  const name = value.slice(value.lastIndexOf('.') + 1).toLowerCase();
  return [...NUMBERED, ...FURTHER].find((known) => known === name);
}

/** Kernel of an input; the note tells of a stated one that likeness does not have. */
export function statedKernel(value: number | string | undefined): {
  input: Pick<ImageInput, 'kernel'>;
  note?: string;
} {
  const name = value === undefined ? undefined : kernelName(value);
  const kernel = resizeKernels.find((known) => known === name);
  if (kernel !== undefined) return { input: kernel === 'bilinear' ? {} : { kernel } };
  if (name === undefined) return { input: {} };
  return {
    input: {},
    note: `asks for resizing by "${name}", which likeness does not have; bilinear is taken.`,
  };
}
