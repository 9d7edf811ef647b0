import { describe, expect, it } from 'vitest';
import { silent } from '../core/reporter.ts';
import type { Pixels } from '../data/index.ts';
import { describeImage, emptyDescriptors } from './describe.ts';
import { DEFAULT_THRESHOLD, findPairs } from './pairs.ts';
import { draw, sceneOf, variants } from './pictures.cases.ts';

function descriptorsOf(images: readonly Pixels[]) {
  const made = emptyDescriptors(images.length);
  for (const [i, image] of images.entries()) describeImage(image, made, i);
  return made;
}

async function similarityOfPair(images: readonly [Pixels, Pixels]): Promise<number> {
  const [pair] = await findPairs(descriptorsOf(images), silent);
  return pair?.similarity ?? 0;
}

describe('findPairs', () => {
  it.each(Object.entries(variants))('finds a picture that is %s', async (_, make) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const scene = sceneOf(seed);
      const similarity = await similarityOfPair([draw(scene), make(scene)]);
      expect(similarity, `seed ${seed}`).toBeGreaterThan(DEFAULT_THRESHOLD);
    }
  });

  it('finds no pair among different pictures', async () => {
    const images = Array.from({ length: 60 }, (_, seed) => draw(sceneOf(100 + seed)));
    const pairs = await findPairs(descriptorsOf(images), silent);
    expect(pairs.filter(({ similarity }) => similarity >= DEFAULT_THRESHOLD)).toEqual([]);
  });

  it('tells pictures of the same gray values and other colors from copies', async () => {
    const scene = sceneOf(1);
    const images = [
      draw(scene),
      draw((x, y) => scene(x, y).toReversed() as [number, number, number]),
    ];
    const recolored = draw((x, y) => {
      const [red, green, blue] = scene(x, y);
      // Moves red to blue at the same luminance.
      const moved = 0.6 * red;
      return [red - moved, green, Math.min(blue + (moved * 0.299) / 0.114, 255)];
    });
    const same = await similarityOfPair([images[0]!, draw(scene, 40, 30)]);
    expect(await similarityOfPair([images[0]!, recolored])).toBeLessThan(same - 0.05);
  });

  it('leaves flat pictures out', async () => {
    const flat = draw(() => [90, 90, 90]);
    expect(await findPairs(descriptorsOf([flat, draw(() => [91, 90, 90])]), silent)).toEqual([]);
  });

  it('gives a copy of the same pixels the similarity 1', async () => {
    const image = draw(sceneOf(7));
    expect(await similarityOfPair([image, image])).toBeCloseTo(1, 5);
  });

  it('does not depend on the order of the images', async () => {
    const scene = sceneOf(3);
    const images = [draw(scene), variants['cropped by 5 % on each side']!(scene), draw(sceneOf(4))];
    const forth = await findPairs(descriptorsOf(images), silent);
    const back = await findPairs(descriptorsOf([images[2]!, images[0]!, images[1]!]), silent);
    expect(forth).toHaveLength(1);
    expect(back.map(({ similarity }) => similarity)).toEqual(
      forth.map(({ similarity }) => similarity),
    );
  });
});
