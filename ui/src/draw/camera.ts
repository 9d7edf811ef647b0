/** View of the plane: the world point in the middle of the canvas, and CSS pixels per unit. */
export interface Camera {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const MIN_ZOOM = 0.5;
const MAX_ZOOM = 4000;
/** Fraction of the shorter side that the square from -1 to 1 takes. */
const FILL = 0.94;

export const fitScale = ({ width, height }: Size) =>
  Math.max(1, (FILL * Math.min(width, height)) / 2);

/** Shows all of the plane from -1 to 1. */
export const fitCamera = (size: Size): Camera => ({ x: 0, y: 0, scale: fitScale(size) });

/** Converts a world point to CSS pixels of the canvas. The world's y rises upwards. */
export const toScreen = (camera: Camera, size: Size, x: number, y: number) => ({
  x: (x - camera.x) * camera.scale + size.width / 2,
  y: (camera.y - y) * camera.scale + size.height / 2,
});

export const toWorld = (camera: Camera, size: Size, x: number, y: number) => ({
  x: (x - size.width / 2) / camera.scale + camera.x,
  y: camera.y - (y - size.height / 2) / camera.scale,
});

/** Zooms by a factor and keeps the point below a pixel where it is. */
export function zoomAt(camera: Camera, size: Size, x: number, y: number, factor: number): Camera {
  const fit = fitScale(size);
  const scale = Math.min(MAX_ZOOM * fit, Math.max(MIN_ZOOM * fit, camera.scale * factor));
  const fixed = toWorld(camera, size, x, y);
  return {
    x: fixed.x - (x - size.width / 2) / scale,
    y: fixed.y + (y - size.height / 2) / scale,
    scale,
  };
}

/** Moves the view by pixels, as a drag does. The plane never leaves the canvas wholly. */
export function pan(camera: Camera, dx: number, dy: number): Camera {
  const clamp = (value: number) => Math.min(1.4, Math.max(-1.4, value));
  return {
    x: clamp(camera.x - dx / camera.scale),
    y: clamp(camera.y + dy / camera.scale),
    scale: camera.scale,
  };
}
