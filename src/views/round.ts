/**
 * Rounds to the nearest integer and halves to even, as Python does: 0.5 to 0, 1.5 to 2, 2.5 to 2.
 */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction === 0.5) return floor % 2 === 0 ? floor : floor + 1;
  return fraction < 0.5 ? floor : floor + 1;
}
