/**
 * Sobel filters as a fixed front end: two maps of edges in place of three color channels.
 *
 * Source: Caron, Bojanowski, Joulin, Douze, "Deep Clustering for Unsupervised Learning of Visual
 * Features", ECCV 2018 (arXiv:1807.05520), section 3.3: colors are removed, so that images are not
 * clustered by color. The authors' code averages the channels and then applies two filters. Both
 * steps are linear, and here they are one convolution.
 */
import { constant, conv2d, type Tensor } from '../tensor/index.ts';

const HORIZONTAL = [1, 0, -1, 2, 0, -2, 1, 0, -1];
const VERTICAL = [1, 2, 1, 0, 0, 0, -1, -2, -1];

/**
 * Slopes of the gray values of normalized images: [N, 3, H, W] to [N, 2, H, W], to the left and
 * upwards.
 */
export function sobel(x: Tensor): Tensor {
  const channels = x.shape[1]!;
  const filters = [HORIZONTAL, VERTICAL].flatMap((filter) =>
    Array.from({ length: channels }, () => filter.map((weight) => weight / channels)).flat(),
  );
  return conv2d(x, constant(Float32Array.from(filters), [2, channels, 3, 3]), { padding: 1 }); // [N, 2, H, W]
}
