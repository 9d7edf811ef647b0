import type { Camera, Size } from './camera.ts';
import { createCanvasRenderer } from './canvasRenderer.ts';
import type { Pixel } from './palette.ts';
import { createWebglRenderer } from './webglRenderer.ts';

/** Points of the map and their colors. */
export interface Points {
  /** Float32 [N, 2] in -1 to 1; NaN for images without a position. */
  readonly positions: Float32Array;
  /** Pixel of each point, uint32 [N]. */
  readonly colors: Uint32Array;
  /** Rows in the order of drawing: gray ones first, so that they lie below. */
  readonly order: Uint32Array;
}

/** Draws points on a canvas. Views do not know which of the two renderers they have. */
export interface Renderer {
  /** Words for people: `WebGL (name of the GPU)` or `canvas`. */
  readonly name: string;
  /** Sets the size in CSS pixels, and device pixels per CSS pixel. */
  resize(size: Size, ratio: number): void;
  setPoints(points: Points): void;
  /**
   * Draws the points as discs. While the view moves, a renderer may leave out a part of them to
   * stay fluent; false where it did.
   */
  draw(camera: Camera, diameter: number, background: Pixel, moving: boolean): boolean;
  dispose(): void;
}

/** Renderers in software, for which our own pixels are faster than WebGL. */
const SOFTWARE = /swiftshader|llvmpipe|software|softpipe|basic render/i;

/** Names the GPU of WebGL 2, or gives null where there is none or software emulates it. */
export function hardwareRenderer(): string | null {
  const gl = document
    .createElement('canvas')
    .getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (!gl) return null;
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return SOFTWARE.test(name) ? null : name;
}

/** Chooses WebGL where a GPU draws, otherwise our own pixels on a 2D canvas. */
export function createRenderer(canvas: HTMLCanvasElement, force?: string | null): Renderer {
  const hardware = force === 'canvas' ? null : force === 'webgl' ? 'forced' : hardwareRenderer();
  const webgl = hardware === null ? null : createWebglRenderer(canvas, hardware);
  return webgl ?? createCanvasRenderer(canvas);
}
