/** The recipe for ImageNet that SwAV and DeepCluster-v2, of the same authors, share. */
import type { SettingsPatch } from './settings.ts';

/**
 * Crops of 224 and 96 px, colors of strength 0.8, and ResNet-50 with joined batch norms, with the
 * batch of one method. The standard deviation of red is 0.228, as in the authors' code, where most others have 0.229.
 */
export function multicropImagenet(batchSize: number) {
  return {
    data: { batchSize, imageSize: 224, std: [0.228, 0.224, 0.225] },
    views: {
      crops: [
        { count: 2, size: 224 },
        { count: 6, size: 96 },
      ],
      scales: [
        [0.14, 1],
        [0.05, 0.14],
      ],
      brightness: 0.8,
      contrast: 0.8,
      saturation: 0.8,
      hue: 0.2,
      blurProbability: 0.5,
    },
    encoder: { architecture: 'resnet50', width: 64, stem: 'imagenet', batchNorm: 'joined' },
  } satisfies SettingsPatch;
}
