/** Floats of two bytes as numbers. */

/** The number of a float16 (IEEE 754): 1 bit of sign, 5 of exponent, 10 of fraction. */
export function floatOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const widened = new DataView(new ArrayBuffer(4));

/** The number of a bfloat16: the upper half of a float32. */
export function floatOfBrain(bits: number): number {
  widened.setUint32(0, (bits & 0xffff) * 2 ** 16);
  return widened.getFloat32(0);
}
