/** First values of parameters and buffers. */
import type { Random } from '../core/random.ts';
import { type Shape, sizeOf } from '../tensor/index.ts';

export type Initializer = (shape: Shape, random: Random) => Float32Array;

/** Every element the same. */
export function filled(value: number): Initializer {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

/**
 * Kaiming normal by fan-out, for convolutions [O, I, kh, kw] followed by a ReLU: `N(0, 2 / (O kh
 * kw))`. Source: He et al. 2015, equation 14; the fan and the gain are those of torchvision's
 * ResNets.
 */
export function kaimingFanOut(): Initializer {
  return (shape, random) => {
    const [O, , ...kernel] = shape as [number, number, ...number[]];
    const deviation = Math.sqrt(2 / (O * sizeOf(kernel)));
    return new Float32Array(sizeOf(shape)).map(() => random.normal(0, deviation));
  };
}

/**
 * Kaiming normal by fan-in, for convolutions [O, I, kh, kw] followed by a ReLU: `N(0, 2 / (I kh
 * kw))`. Keras' `he_normal` without its truncation.
 */
export function kaimingFanIn(): Initializer {
  return (shape, random) => {
    const deviation = Math.sqrt(2 / sizeOf(shape.slice(1)));
    return new Float32Array(sizeOf(shape)).map(() => random.normal(0, deviation));
  };
}

/** 1 on the diagonal and 0 elsewhere, for weights [out, in] of any two extents. */
export function identity(): Initializer {
  return ([rows, columns]) =>
    Float32Array.from({ length: rows! * columns! }, (_, i) =>
      Math.floor(i / columns!) === i % columns! ? 1 : 0,
    );
}

/**
 * `U(-1 / sqrt(fanIn), 1 / sqrt(fanIn))`, as PyTorch initializes weight and bias of a Linear layer.
 */
export function uniformFanIn(fanIn: number): Initializer {
  const bound = 1 / Math.sqrt(fanIn);
  return (shape, random) =>
    new Float32Array(sizeOf(shape)).map(() => random.uniform(-bound, bound));
}

/** `N(0, deviation²)`. */
export function normal(deviation: number): Initializer {
  return (shape, random) => new Float32Array(sizeOf(shape)).map(() => random.normal(0, deviation));
}

/**
 * Glorot uniform of a Linear layer [out, in]: `U(±sqrt(6 / (in + out)))`. Source: Glorot, Bengio
 * 2010, equation 16; the default of Keras' Dense layers.
 */
export function glorotUniform(): Initializer {
  return (shape, random) => {
    const [outputs, inputs] = shape as [number, number];
    const bound = Math.sqrt(6 / (inputs + outputs));
    return new Float32Array(sizeOf(shape)).map(() => random.uniform(-bound, bound));
  };
}
