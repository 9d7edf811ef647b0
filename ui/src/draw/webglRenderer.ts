import type { Renderer } from './renderer.ts';

const vertexSource = `#version 300 es
in vec2 position;
in vec4 color;
uniform vec2 center;
uniform vec2 scale;
uniform float diameter;
out vec4 shade;
void main() {
  gl_Position = vec4((position - center) * scale, 0.0, 1.0);
  gl_PointSize = diameter;
  shade = color;
}`;

const fragmentSource = `#version 300 es
precision mediump float;
in vec4 shade;
uniform float diameter;
out vec4 pixel;
void main() {
  float distance = length(gl_PointCoord - 0.5) * diameter;
  float inside = clamp(diameter * 0.5 - distance + 0.5, 0.0, 1.0);
  if (inside <= 0.0) discard;
  pixel = vec4(shade.rgb, 1.0) * inside;
}`;

/**
 * Draws points by WebGL 2, without a library: libraries compile their commands with `Function`,
 * which the policy of the page forbids. Null where the GPU gives no context.
 */
export function createWebglRenderer(canvas: HTMLCanvasElement, gpu: string): Renderer | null {
  const gl = canvas.getContext('webgl2', { alpha: false, antialias: false });
  if (!gl) return null;
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertexSource],
    [gl.FRAGMENT_SHADER, fragmentSource],
  ] as const) {
    const shader = gl.createShader(type)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);

  const attribute = (name: string, size: number, type: number) => {
    const buffer = gl.createBuffer();
    const at = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, type, type === gl.UNSIGNED_BYTE, 0, 0);
    return buffer;
  };
  const positions = attribute('position', 2, gl.FLOAT);
  const colors = attribute('color', 4, gl.UNSIGNED_BYTE);
  const order = gl.createBuffer();
  const uniform = (name: string) => gl.getUniformLocation(program, name);
  const [center, scale, diameterAt] = [uniform('center'), uniform('scale'), uniform('diameter')];
  const largest = (gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE) as Float32Array)[1]!;
  let ratio = 1;
  let count = 0;
  let uploaded: Float32Array | null = null;

  return {
    name: `WebGL (${gpu})`,
    resize({ width, height }, devicePixels) {
      ratio = devicePixels;
      canvas.width = Math.max(1, Math.round(width * ratio));
      canvas.height = Math.max(1, Math.round(height * ratio));
      gl.viewport(0, 0, canvas.width, canvas.height);
    },
    setPoints(points) {
      if (points.positions !== uploaded) {
        gl.bindBuffer(gl.ARRAY_BUFFER, positions);
        gl.bufferData(gl.ARRAY_BUFFER, points.positions, gl.STATIC_DRAW);
        uploaded = points.positions;
      }
      gl.bindBuffer(gl.ARRAY_BUFFER, colors);
      gl.bufferData(gl.ARRAY_BUFFER, points.colors, gl.DYNAMIC_DRAW);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, order);
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, points.order, gl.DYNAMIC_DRAW);
      count = points.order.length;
    },
    draw(camera, diameter, background) {
      const channel = (shift: number) => ((background >>> shift) & 255) / 255;
      gl.clearColor(channel(0), channel(8), channel(16), 1);
      gl.clear(gl.COLOR_BUFFER_BIT);
      if (count === 0) return true;
      const pixels = 2 * camera.scale * ratio;
      gl.uniform2f(center, camera.x, camera.y);
      gl.uniform2f(scale, pixels / canvas.width, pixels / canvas.height);
      gl.uniform1f(diameterAt, Math.min(largest, Math.max(1, diameter * ratio)));
      gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 0);
      return true;
    },
    dispose() {
      gl.getExtension('WEBGL_lose_context')?.loseContext();
    },
  };
}
