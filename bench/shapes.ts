/** Encoders of the benchmarks, by names such as `resnet18-cifar-32-w64-b256`. */
import type { Stem } from '../src/nn/index.ts';

export interface Shape {
  architecture: 'resnet18' | 'resnet50';
  stem: Stem;
  /** Pixels along a side. */
  size: number;
  /** Channels of the first stage. */
  width: number;
  /** Batch size. */
  batch: number;
}

const encoders: readonly Omit<Shape, 'batch'>[] = [
  ...[64, 32, 16].map((width) => ({ ...encoder('resnet18', 'cifar', 32), width })),
  ...[64, 96].map((size) => encoder('resnet18', 'imagenet', size)),
  ...[64, 96].map((size) => encoder('resnet50', 'imagenet', size)),
];

/** Combines every encoder with each batch size. */
export function encoderRows(batches: readonly number[]): Record<string, Shape> {
  const shapes = encoders.flatMap((each) => batches.map((batch) => ({ ...each, batch })));
  return Object.fromEntries(
    shapes.map((shape) => {
      const { architecture, stem, size, width, batch } = shape;
      return [`${architecture}-${stem}-${size}-w${width}-b${batch}`, shape];
    }),
  );
}

function encoder(
  architecture: Shape['architecture'],
  stem: Stem,
  size: number,
): Omit<Shape, 'batch'> {
  return { architecture, stem, size, width: 64 };
}
