import { drawDiscs, drawSoftDiscs } from './discs.ts';
import type { Points, Renderer } from './renderer.ts';

/** Milliseconds of a frame that drawing may take while the view moves, of 16.7. */
const BUDGET = 9;
/** Points up to which discs have soft edges while the view moves. */
const MAX_SOFT = 20_000;
/** Margin around the canvas in which discs begin that reach into it. */
const MARGIN = 16;

/**
 * Draws points by writing pixels of ImageData: no object and no call per point. While the view
 * moves it draws every n-th point, with n from the measured time of the frames before.
 */
export function createCanvasRenderer(canvas: HTMLCanvasElement): Renderer {
  // Pixels that are written each frame belong into memory, not onto a GPU.
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true })!;
  let ratio = 1;
  let image = new ImageData(1, 1);
  let pixels = new Uint32Array(image.data.buffer);
  let points: Points | null = null;
  /** Milliseconds per point, an average over frames. */
  let cost = 0;

  return {
    name: 'canvas',
    resize({ width, height }, devicePixels) {
      ratio = devicePixels;
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
      image = new ImageData(canvas.width + 2 * MARGIN, canvas.height + 2 * MARGIN);
      pixels = new Uint32Array(image.data.buffer);
    },
    setPoints(next) {
      points = next;
    },
    draw(camera, diameter, background, moving) {
      pixels.fill(background);
      const count = points?.order.length ?? 0;
      const step =
        moving && cost > 0 && count > MAX_SOFT
          ? Math.max(1, Math.ceil((count * cost) / BUDGET))
          : 1;
      if (points) {
        const started = performance.now();
        const scale = camera.scale * ratio;
        const view = {
          scale,
          dx: canvas.width / 2 + MARGIN - camera.x * scale,
          dy: canvas.height / 2 + MARGIN + camera.y * scale,
        };
        const target = { pixels, width: image.width, height: image.height };
        const side = Math.min(2 * MARGIN - 6, diameter * ratio);
        const soft = side >= 3.5 && (!moving || count <= MAX_SOFT);
        if (soft) drawSoftDiscs(target, points, view, side);
        else drawDiscs(target, points, view, side, step);
        const drawn = Math.max(1, count / step);
        const measured = (performance.now() - started) / drawn;
        if (drawn >= 1000 && !soft) cost = cost === 0 ? measured : 0.8 * cost + 0.2 * measured;
      }
      context.putImageData(image, -MARGIN, -MARGIN);
      return step === 1;
    },
    dispose() {
      points = null;
      image = new ImageData(1, 1);
      pixels = new Uint32Array(image.data.buffer);
    },
  };
}
