/**
 * Channel shift and noise: numbers that are added to the values of a view.
 *
 * Reference of the channel shift: `random_channel_shift` of Keras' ImageDataGenerator. Different:
 * values are clipped to 0..255, where Keras clips them to the range of the image.
 */
import { type Random, randomAt } from '../core/random.ts';
import type { PlanarImage } from './planarImage.ts';

/** Amounts for red, green and blue, uniform in `[-most, most]` of the range of values. */
export function drawChannelShift(most: number, random: Random): [number, number, number] {
  const amount = () => random.uniform(-most, most);
  return [amount(), amount(), amount()];
}

/** Adds to every channel its own amount, as a fraction of 255, in place. */
export function applyChannelShift({ data }: PlanarImage, by: readonly number[]): void {
  const plane = data.length / 3;
  for (let i = 0; i < data.length; i++) {
    data[i] = toByte(data[i]! + 255 * by[Math.floor(i / plane)]!);
  }
}

/**
 * Adds normal noise to every value, in place.
 *
 * @param deviation standard deviation as a fraction of 255
 * @param seed the noise of a seed is always the same
 */
export function addNoise({ data }: PlanarImage, deviation: number, seed: number): void {
  const random = randomAt(seed, 'viewNoise');
  for (let i = 0; i < data.length; i++)
    data[i] = toByte(data[i]! + random.normal(0, 255 * deviation));
}

/** Rounds a value and clips it to 0..255. */
function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.floor(value + 0.5);
}
