/**
 * Defaults of the image processors of the transformers library.
 *
 * A `preprocessor_config.json` may leave out what its processor has a default for. Source: the
 * constructors of the classes in `transformers.models.*.image_processing_*`.
 */

/** Keys of `preprocessor_config.json` that a processor may have a default for. */
export interface ProcessorKeys {
  size?: number | { shortest_edge: number } | { height: number; width: number };
  resample?: number;
  do_center_crop?: boolean;
  crop_size?: number;
  crop_pct?: number;
  do_normalize?: boolean;
  image_mean?: [number, number, number];
  image_std?: [number, number, number];
  do_flip_channel_order?: boolean;
}

const BILINEAR = 2;
const BICUBIC = 3;

const square = (side: number) => ({ height: side, width: side });
const shorter = (side: number) => ({ shortest_edge: side });

const half: ProcessorKeys = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
const clip: ProcessorKeys = {
  size: shorter(224),
  resample: BICUBIC,
  do_center_crop: true,
  crop_size: 224,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
};
const cropped: ProcessorKeys = { do_center_crop: true, crop_size: 224, ...half };
const mobileNet: ProcessorKeys = { size: shorter(256), resample: BILINEAR, ...cropped };

const processors: Readonly<Record<string, ProcessorKeys>> = {
  Beit: { size: square(256), resample: BICUBIC, ...cropped },
  Bit: clip,
  CLIP: clip,
  ConvNext: { size: shorter(384), resample: BILINEAR, crop_pct: 224 / 256, ...half },
  DeiT: { size: square(256), resample: BICUBIC, ...cropped },
  MobileNetV1: mobileNet,
  MobileNetV2: mobileNet,
  MobileViT: {
    size: shorter(224),
    resample: BILINEAR,
    do_center_crop: true,
    crop_size: 256,
    do_normalize: false,
    do_flip_channel_order: true,
  },
  Siglip: { size: square(224), resample: BICUBIC, ...half },
  ViT: { size: square(224), resample: BILINEAR, ...half },
};

/**
 * Defaults of a processor by the name of its class; undefined for an unknown one.
 *
 * `ViTFeatureExtractor` of earlier files and `ViTImageProcessorFast` are `ViTImageProcessor`.
 */
export function processorDefaults(className: string | undefined): ProcessorKeys | undefined {
  const name = className?.replace(/(FeatureExtractor|ImageProcessor(Fast)?)$/, '');
  return name !== undefined && Object.hasOwn(processors, name) ? processors[name] : undefined;
}
