/** How fast views are made on one thread, for benchmarks. */
import type { InterleavedImage } from './planarImage.ts';
import { type ViewsSpec, viewCount } from './spec.ts';
import { makeView } from './view.ts';

export interface ViewSpeed {
  /** Images per second, with all their views. */
  readonly imagesPerSecond: number;
  readonly viewsPerSecond: number;
}

export interface ViewSpeedOptions {
  readonly views: ViewsSpec;
  /** Size of the images, in pixels. */
  readonly width: number;
  readonly height: number;
  /** How long to measure, after a warm-up of a fifth of it. Default 2. */
  readonly seconds?: number;
}

/** Makes views of synthetic images on this thread for some seconds and counts them. Reading is not included. */
export function measureViews({ views, width, height, seconds = 2 }: ViewSpeedOptions): ViewSpeed {
  const sources = Array.from({ length: 16 }, (_, i) => synthetic(width, height, i));
  const targets = views.crops.map(({ size }) => new Uint8Array(3 * size * size));
  let image = 0;
  function run(milliseconds: number): number {
    const start = performance.now();
    const first = image;
    let now = start;
    for (; now < start + milliseconds; now = performance.now(), image++) {
      let view = 0;
      for (const [group, crop] of views.crops.entries()) {
        for (let v = 0; v < crop.count; v++, view++) {
          makeView(
            sources[image % sources.length]!,
            crop,
            { seed: 0, epoch: 0, image, view },
            targets[group]!,
          );
        }
      }
    }
    return ((image - first) * 1000) / (now - start);
  }
  run(seconds * 200);
  const imagesPerSecond = run(seconds * 1000);
  return { imagesPerSecond, viewsPerSecond: imagesPerSecond * viewCount(views) };
}

/** A colourful image without randomness. */
function synthetic(width: number, height: number, number: number): InterleavedImage {
  const pixels = new Uint8Array(3 * width * height);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = 127 + 120 * Math.sin(i * 0.013 * (1 + (i % 3)) + number + Math.floor(i / (3 * width)) * 0.07);
  }
  return { width, height, pixels };
}
