/**
 * Colors as 32-bit pixels of ImageData, `0xAABBGGRR` on little-endian machines, which all browsers
 * run on.
 */
export type Pixel = number;

/**
 * Okabe and Ito's palette for all kinds of color vision, without black and yellow, and six colors
 * that differ from it in lightness or hue.
 */
const chosen = [
  ...['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'],
  ...['#aa3377', '#999933', '#6a51c9', '#8c510a', '#5cc8b0', '#f08c7a'],
];

const pixel = (r: number, g: number, b: number): Pixel =>
  ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

export function pixelOfHex(hex: string): Pixel {
  const value = Number.parseInt(hex.slice(1), 16);
  return pixel(value >> 16, (value >> 8) & 255, value & 255);
}

export function cssOf(color: Pixel): string {
  const part = (shift: number) => ((color >>> shift) & 255).toString(16).padStart(2, '0');
  return `#${part(0)}${part(8)}${part(16)}`;
}

/**
 * Converts OKLCH to a pixel: lightness 0 to 1, chroma from 0, hue in degrees. Colors outside of
 * sRGB are clipped. Formulas: Björn Ottosson, "A perceptual color space for image processing".
 */
export function oklch(lightness: number, chroma: number, hue: number): Pixel {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const gamma = (linear: number) => {
    const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
    return Math.round(255 * Math.min(1, Math.max(0, value)));
  };
  return pixel(
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  );
}

/**
 * Chooses the color of a category, by its position: twelve chosen colors, then steps of the
 * golden angle in OKLCH at three lightnesses. Junk and unknown values (below 0) are gray.
 */
export function categoryColor(position: number): Pixel {
  if (position < 0) return oklch(0.62, 0, 0);
  const known = chosen[position];
  if (known !== undefined) return pixelOfHex(known);
  const i = position - chosen.length;
  return oklch([0.66, 0.54, 0.76][i % 3]!, [0.15, 0.12, 0.13][i % 3]!, (i * 137.508 + 110) % 360);
}

/** Number of colors of {@link rampColor}. */
export const RAMP = 64;

/** Chooses the color of a number, 0 to 1: dark blue over teal to yellow, by even lightness. */
export function rampColor(position: number): Pixel {
  const t = Math.min(1, Math.max(0, position));
  return oklch(0.36 + 0.5 * t, 0.1 + 0.05 * t, 275 - 180 * t);
}
