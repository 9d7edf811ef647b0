/** Facts about a source that a preset is chosen by. */
import { type Reporter, silent } from '../core/reporter.ts';
import { countStage } from '../core/stage.ts';
import { isolatedDecoder } from './isolatedDecoder.ts';
import { measureSource } from './measure.ts';
import type { Source } from './types.ts';

/** Images examined to tell color from gray. */
const COLOR_SAMPLES = 12;
/** Differences of channels up to this are put down to compression. */
const MAX_GRAY_DIFFERENCE = 16;

/** Median shorter side in pixels, and the kind of color, from a few images. */
export interface SourceFacts {
  readonly medianShortSide: number;
  readonly color: 'color' | 'gray';
}

/**
 * Examines some images of a source.
 *
 * @throws the signal's reason where it is aborted.
 */
export async function imageFacts(
  source: Source,
  reporter: Pick<Reporter, 'progress' | 'signal'> = silent,
): Promise<SourceFacts> {
  const { signal } = reporter;
  const onProgress = countStage(reporter, {
    ...{ stage: 'sizes', text: 'measuring images', unit: 'image' },
  });
  const sizes = await measureSource(source, { onProgress, signal });
  let color: SourceFacts['color'] = 'gray';
  const total = source.entries.length;
  const count = Math.min(COLOR_SAMPLES, total);
  for (let i = 0; i < count && color === 'gray'; i++) {
    try {
      const image = await source.read(Math.floor((i * total) / count));
      const { pixels } = await isolatedDecoder.decode(image, { size: 32, signal });
      if (hasColor(pixels)) color = 'color';
    } catch {
      signal.throwIfAborted();
      // The cache counts unreadable images.
    }
  }
  return { medianShortSide: sizes?.medianShortSide ?? 0, color };
}

function hasColor(pixels: Uint8Array): boolean {
  for (let i = 0; i + 2 < pixels.length; i += 3) {
    const [r, g, b] = [pixels[i]!, pixels[i + 1]!, pixels[i + 2]!];
    if (Math.max(r, g, b) - Math.min(r, g, b) > MAX_GRAY_DIFFERENCE) return true;
  }
  return false;
}
