/**
 * Affine maps of a view: rotation, shift, shear and zoom about its center.
 *
 * A pixel p of the result shows the source at
 *
 *   q = c + R(a) (t + H(b) Z (p - c))
 *
 * with the center c, the rotation R by a, the shift t, the shear H = [1, -sin b; 0, cos b] in
 * (x, y), and the zoom Z = diag(z_x, z_y). A zoom below 1 enlarges. Pixels between centers are
 * interpolated linearly; pixels beyond the border repeat the nearest one.
 *
 * Reference: `random_transform` of Keras' ImageDataGenerator, whose matrix is R T H Z, with the
 * fill mode `nearest`. Different from Keras: the center is (side - 1) / 2, where early versions
 * take half a pixel or a whole one more, and interpolation is linear where they take the nearest
 * pixel.
 */
import type { Random } from '../core/random.ts';
import { type PlanarImage, scratch } from './planarImage.ts';

const RADIANS = Math.PI / 180;

/** Ranges of an affine map. */
export interface AffineRange {
  /** Angle in `[-rotation, rotation]` degrees. */
  readonly rotation: number;
  /** Shift of each axis in `[-shift, shift]` times the side. */
  readonly shift: number;
  /** Smallest and largest zoom of each axis. */
  readonly zoom: readonly [number, number];
  /** Angle of the shear in `[-shear, shear]` degrees. */
  readonly shear: number;
}

/** A drawn map. */
export interface AffineMap {
  /** Degrees; positive angles turn what is seen against the clock. */
  readonly rotation: number;
  /** Fraction of the width by which the source position moves to the right. */
  readonly shiftX: number;
  /** Fraction of the height by which the source position moves down. */
  readonly shiftY: number;
  readonly zoomX: number;
  readonly zoomY: number;
  /** Degrees. */
  readonly shear: number;
}

/** Draws a map, each number uniformly in its range and independently. */
export function drawAffine(
  { rotation, shift, zoom, shear }: AffineRange,
  random: Random,
): AffineMap {
  const within = (width: number) => random.uniform(-width, width);
  return {
    rotation: within(rotation),
    shiftX: within(shift),
    shiftY: within(shift),
    zoomX: random.uniform(...zoom),
    zoomY: random.uniform(...zoom),
    shear: within(shear),
  };
}

const copies = scratch((length) => new Uint8Array(length));

/** Applies a map in place. */
export function applyAffine({ data, width, height }: PlanarImage, map: AffineMap): void {
  const source = copies(data.length);
  source.set(data);
  const plane = width * height;
  const [right, bottom] = [width - 1, height - 1];
  const [cos, sin] = [Math.cos(map.rotation * RADIANS), Math.sin(map.rotation * RADIANS)];
  const [slant, squeeze] = [-Math.sin(map.shear * RADIANS), Math.cos(map.shear * RADIANS)];
  const [tx, ty] = [map.shiftX * width, map.shiftY * height];
  for (let y = 0, to = 0; y < height; y++) {
    const v = map.zoomY * (y - bottom / 2);
    for (let x = 0; x < width; x++, to++) {
      const u = map.zoomX * (x - right / 2);
      const [a, b] = [u + slant * v + tx, squeeze * v + ty];
      const qx = within(cos * a - sin * b + right / 2, right);
      const qy = within(sin * a + cos * b + bottom / 2, bottom);
      const [x0, y0] = [Math.floor(qx), Math.floor(qy)];
      const [fx, fy] = [qx - x0, qy - y0];
      const dx = x0 < right ? 1 : 0;
      const dy = y0 < bottom ? width : 0;
      for (let c = 0, at = y0 * width + x0; c < 3; c++, at += plane) {
        const top = source[at]! + fx * (source[at + dx]! - source[at]!);
        const low = source[at + dy]! + fx * (source[at + dy + dx]! - source[at + dy]!);
        data[c * plane + to] = Math.floor(top + fy * (low - top) + 0.5);
      }
    }
  }
}

/** The nearest position from 0 to `most`. */
function within(position: number, most: number): number {
  return position <= 0 ? 0 : position >= most ? most : position;
}
