/** Public models of the hub that are known to be good encoders of images. */

export interface KnownModel {
  /** Id for `--encoder` and `encoder`. */
  readonly id: string;
  readonly title: string;
  /** File that is downloaded. */
  readonly file: string;
  /** Size of the file, in bytes, to three digits. */
  readonly bytes: number;
  /** License of the weights, as the card of the model states it. */
  readonly license: string;
  /** Side of the images, in pixels. */
  readonly imageSize: number;
  /** Dimension D of the features. */
  readonly dimension: number;
  /** Features that the file returns. */
  readonly features: string;
  /** Images that it was trained on, and its labels. */
  readonly trainedOn: string;
}

const MB = 1_000_000;

/**
 * Models by size. Names and sizes are those of the listings on the hub, licenses those of the
 * models that were exported; OpenAI states that of CLIP in its repository.
 */
export const knownModels: readonly KnownModel[] = [
  {
    id: 'hub:onnx-community/mobilenetv4_conv_small.e2400_r224_in1k',
    title: 'MobileNetV4 Small',
    ...{ file: 'onnx/model.onnx', bytes: 15.1 * MB, license: 'Apache-2.0' },
    ...{ imageSize: 224, dimension: 1000, features: 'scores of 1,000 classes' },
    trainedOn: 'ImageNet-1k, with labels',
  },
  {
    id: 'hub:Xenova/dinov2-small',
    title: 'DINOv2 ViT-S/14',
    ...{ file: 'onnx/model.onnx', bytes: 88.5 * MB, license: 'Apache-2.0' },
    ...{ imageSize: 224, dimension: 384, features: 'class token' },
    trainedOn: '142 million images, without labels',
  },
  {
    id: 'hub:Xenova/convnext-tiny-224',
    title: 'ConvNeXt Tiny',
    ...{ file: 'onnx/model.onnx', bytes: 115 * MB, license: 'Apache-2.0' },
    ...{ imageSize: 224, dimension: 1000, features: 'scores of 1,000 classes' },
    trainedOn: 'ImageNet-1k, with labels',
  },
  {
    id: 'hub:Xenova/dinov2-base',
    title: 'DINOv2 ViT-B/14',
    ...{ file: 'onnx/model.onnx', bytes: 347 * MB, license: 'Apache-2.0' },
    ...{ imageSize: 224, dimension: 768, features: 'class token' },
    trainedOn: '142 million images, without labels',
  },
  {
    id: 'hub:Xenova/clip-vit-base-patch32',
    title: 'CLIP ViT-B/32',
    ...{ file: 'onnx/vision_model.onnx', bytes: 351 * MB, license: 'MIT' },
    ...{ imageSize: 224, dimension: 512, features: 'image embedding' },
    trainedOn: '400 million images with captions',
  },
  {
    id: 'hub:Xenova/siglip-base-patch16-224',
    title: 'SigLIP ViT-B/16',
    ...{ file: 'onnx/vision_model.onnx', bytes: 372 * MB, license: 'Apache-2.0' },
    ...{ imageSize: 224, dimension: 768, features: 'pooled by attention' },
    trainedOn: 'WebLI, images with captions',
  },
];
