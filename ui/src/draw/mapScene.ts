import { type Camera, fitCamera, fitScale, type Size, toScreen, toWorld } from './camera.ts';
import { type Label, placeLabels } from './labels.ts';
import { cssOf, type Pixel } from './palette.ts';
import { buildPointIndex, eachIn, nearestRow, type PointIndex, rowsInside } from './pointIndex.ts';
import { createRenderer, type Renderer } from './renderer.ts';
import { placeThumbnails, type ThumbnailCache } from './thumbnails.ts';

/** Images in view up to which the map shows them as pictures. */
const MAX_PICTURES_IN_VIEW = 900;
/** Milliseconds that a layout takes to become another one. */
const MORPH = 500;
/** Images above which a layout is replaced at once. */
const MAX_MORPH = 200_000;
/** Milliseconds without a movement after which everything is drawn again. */
const REST = 120;

/** Colors and roles of all rows. */
export interface Look {
  readonly colors: Uint32Array;
  readonly order: Uint32Array;
  /** Number of rows at the start of the order that are gray. */
  readonly muted: number;
  readonly background: Pixel;
  /** CSS colors of labels and lines. */
  readonly ink: string;
  readonly halo: string;
  readonly accent: string;
}

/** Owns camera, renderer and overlay of the map. Draws once per frame where something changed. */
export class MapScene {
  camera: Camera = { x: 0, y: 0, scale: 1 };
  size: Size = { width: 1, height: 1 };
  hovered = -1;
  /** Polygon that is being drawn, pixels `[x0, y0, …]`. */
  outline: readonly number[] = [];
  readonly renderer: Renderer;
  /** Milliseconds of drawing of the last frame. */
  frameTime = 0;

  readonly #overlay: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #pictures: ThumbnailCache;
  #ratio = 1;
  #positions: Float32Array = new Float32Array(0);
  #shown: Float32Array = new Float32Array(0);
  #index: PointIndex = buildPointIndex(new Float32Array(0));
  #look: Look | null = null;
  #labels: readonly Label[] = [];
  #ranks: ArrayLike<number> | null = null;
  #frame = 0;
  #moved = 0;
  #morph: { readonly from: Float32Array; readonly start: number } | null = null;
  #fitted = true;
  #changed = true;
  #widths = new Map<string, number>();

  constructor(options: {
    readonly canvas: HTMLCanvasElement;
    readonly overlay: HTMLCanvasElement;
    readonly pictures: (changed: () => void) => ThumbnailCache;
    readonly renderer?: string | null;
  }) {
    this.renderer = createRenderer(options.canvas, options.renderer);
    this.#overlay = options.overlay;
    this.#context = options.overlay.getContext('2d')!;
    this.#pictures = options.pictures(() => this.redraw());
  }

  resize(size: Size, ratio: number): void {
    this.size = size;
    this.#ratio = ratio;
    this.renderer.resize(size, ratio);
    this.#overlay.width = Math.round(size.width * ratio);
    this.#overlay.height = Math.round(size.height * ratio);
    if (this.#fitted) this.camera = fitCamera(size);
    this.redraw();
  }

  /** Shows another layout [N, 2]. The points move there from where they are. */
  setPositions(positions: Float32Array): void {
    const same = positions.length === this.#positions.length && positions.length > 0;
    const morph = same && positions.length / 2 <= MAX_MORPH && !prefersStill();
    this.#morph = morph ? { from: this.#shown.slice(), start: performance.now() } : null;
    this.#positions = positions;
    this.#shown = morph ? this.#shown : positions;
    this.#index = buildPointIndex(positions);
    this.#changed = true;
    this.redraw();
  }

  setLook(look: Look): void {
    this.#look = look;
    this.#changed = true;
    this.redraw();
  }

  setLabels(labels: readonly Label[]): void {
    this.#labels = labels;
    this.redraw();
  }

  /** Ranks of rows in their clusters; pictures of the most typical win. */
  setRanks(ranks: ArrayLike<number> | null): void {
    this.#ranks = ranks;
  }

  move(camera: Camera): void {
    this.camera = camera;
    this.#fitted = false;
    this.#moved = performance.now();
    this.redraw();
  }

  fit(): void {
    this.move(fitCamera(this.size));
    this.#fitted = true;
  }

  get zoom(): number {
    return this.camera.scale / fitScale(this.size);
  }

  /** Finds the row at a pixel, or -1. */
  rowAt(x: number, y: number, among: (row: number) => boolean): number {
    const world = toWorld(this.camera, this.size, x, y);
    const reach = Math.max(8, this.#diameter() / 2 + 3) / this.camera.scale;
    return nearestRow(this.#index, world.x, world.y, reach, among);
  }

  /** Lists rows in a polygon of pixels. */
  rowsIn(polygon: readonly number[]): number[] {
    const world: number[] = [];
    for (let i = 0; i < polygon.length; i += 2) {
      const { x, y } = toWorld(this.camera, this.size, polygon[i]!, polygon[i + 1]!);
      world.push(x, y);
    }
    return rowsInside(this.#index, world);
  }

  redraw(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  dispose(): void {
    cancelAnimationFrame(this.#frame);
    this.renderer.dispose();
    this.#pictures.clear();
  }

  #diameter(): number {
    const count = Math.max(1, this.#shown.length / 2);
    return Math.min(14, Math.max(1.5, 22 * count ** -0.17 * this.zoom ** 0.3));
  }

  #draw(): void {
    this.#frame = 0;
    const look = this.#look;
    if (!look) return;
    if (this.#shown.length === 0) {
      // A canvas without an alpha channel is black until something is drawn.
      this.renderer.draw(this.camera, 1, look.background, false);
      return;
    }
    const started = performance.now();
    this.#step(started);
    if (this.#changed) {
      this.renderer.setPoints({
        ...{ positions: this.#shown, colors: look.colors, order: look.order },
      });
      this.#changed = false;
    }
    const moving = started - this.#moved < REST || this.#morph !== null;
    const whole = this.renderer.draw(this.camera, this.#diameter(), look.background, moving);
    this.#drawOverlay(look, moving);
    this.frameTime = performance.now() - started;
    if (this.#morph) this.redraw();
    else if (!whole || moving) setTimeout(() => this.redraw(), REST + 10);
  }

  /** Moves the points on their way to the next layout. */
  #step(now: number): void {
    if (!this.#morph) return;
    const t = Math.min(1, (now - this.#morph.start) / MORPH);
    const ease = t * t * (3 - 2 * t);
    const { from } = this.#morph;
    const to = this.#positions;
    if (t >= 1) this.#shown = to;
    else {
      const between = new Float32Array(to.length);
      for (let i = 0; i < to.length; i++) between[i] = from[i]! + ease * (to[i]! - from[i]!);
      this.#shown = between;
    }
    this.#changed = true;
    if (t >= 1) this.#morph = null;
  }

  #drawOverlay(look: Look, moving: boolean): void {
    const context = this.#context;
    const { width, height } = this.size;
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.#morph) this.#drawPictures(context, look, moving);
    this.#drawLabels(context, look);
    this.#drawHover(context, look);
    if (this.outline.length >= 4) {
      context.beginPath();
      for (let i = 0; i < this.outline.length; i += 2) {
        context.lineTo(this.outline[i]!, this.outline[i + 1]!);
      }
      context.closePath();
      context.fillStyle = `color-mix(in srgb, ${look.accent} 14%, transparent)`;
      context.fill();
      context.strokeStyle = look.accent;
      context.lineWidth = 1.5;
      context.stroke();
    }
  }

  #drawPictures(context: CanvasRenderingContext2D, look: Look, moving: boolean): void {
    const [corner, other] = [
      toWorld(this.camera, this.size, -40, this.size.height + 40),
      toWorld(this.camera, this.size, this.size.width + 40, -40),
    ];
    const rows: number[] = [];
    const box = { x0: corner.x, y0: corner.y, x1: other.x, y1: other.y };
    eachIn(this.#index, box, (row) => rows.push(row) <= MAX_PICTURES_IN_VIEW);
    if (rows.length > MAX_PICTURES_IN_VIEW || rows.length === 0) return;
    const ranks = this.#ranks;
    rows.sort((a, b) => (ranks ? ranks[a]! - ranks[b]! : 0) || a - b);
    const candidates: number[] = [];
    for (const row of rows) {
      const at = toScreen(this.camera, this.size, this.#shown[2 * row]!, this.#shown[2 * row + 1]!);
      candidates.push(row, at.x, at.y);
    }
    const side = Math.min(72, Math.max(32, 26 + 9 * Math.log2(Math.max(1, this.zoom))));
    const placed = placeThumbnails(candidates, side + 4);
    for (let i = 0; i < placed.length; i += 3) {
      const picture = this.#pictures.get(placed[i]!);
      if (!picture) continue;
      const [x, y] = [placed[i + 1]! - side / 2, placed[i + 2]! - side / 2];
      context.fillStyle = cssOf(look.colors[placed[i]!]!);
      context.fillRect(x - 2, y - 2, side + 4, side + 4);
      context.imageSmoothingQuality = moving ? 'low' : 'medium';
      const crop = Math.min(picture.naturalWidth, picture.naturalHeight);
      const [sx, sy] = [(picture.naturalWidth - crop) / 2, (picture.naturalHeight - crop) / 2];
      if (crop > 0) context.drawImage(picture, sx, sy, crop, crop, x, y, side, side);
    }
  }

  #drawLabels(context: CanvasRenderingContext2D, look: Look): void {
    context.font = '600 13px system-ui, sans-serif';
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    context.lineJoin = 'round';
    const measure = (text: string) => {
      let width = this.#widths.get(text);
      if (width === undefined) {
        width = context.measureText(text).width;
        this.#widths.set(text, width);
      }
      return width;
    };
    const toPixel = (x: number, y: number) => toScreen(this.camera, this.size, x, y);
    for (const label of placeLabels(this.#labels, toPixel, measure, this.size)) {
      context.lineWidth = 4;
      context.strokeStyle = look.halo;
      context.strokeText(label.text, label.left, label.top);
      context.fillStyle = look.ink;
      context.fillText(label.text, label.left, label.top);
    }
  }

  #drawHover(context: CanvasRenderingContext2D, look: Look): void {
    if (this.hovered < 0 || 2 * this.hovered >= this.#shown.length) return;
    const [x, y] = [this.#shown[2 * this.hovered]!, this.#shown[2 * this.hovered + 1]!];
    const at = toScreen(this.camera, this.size, x, y);
    context.beginPath();
    context.arc(at.x, at.y, this.#diameter() / 2 + 4, 0, 2 * Math.PI);
    context.lineWidth = 2;
    context.strokeStyle = look.ink;
    context.stroke();
  }
}

const prefersStill = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
