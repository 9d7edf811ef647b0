import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { displayPath } from '../core/text.ts';
import { tinyModel } from '../encoders/models/tinyModel.cases.ts';
import { encodersCommand } from './encoders.ts';
import { createTerminal } from './terminal.ts';

const root = mkdtempSync(join(tmpdir(), 'likeness-encoders-'));
afterAll(() => rmSync(root, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

describe('likeness encoders', () => {
  it('lists a folder, the cache and the known models, without a request', async () => {
    mkdirSync(join(root, 'models'));
    writeFileSync(join(root, 'models', 'tiny.onnx'), tinyModel({ size: 32, isStated: true }));
    writeFileSync(join(root, 'models', 'none.onnx'), 'no model');
    vi.stubEnv('HF_HUB_CACHE', join(root, 'cache'));
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1');
    const lines: string[] = [];
    const terminal = { ...createTerminal(), say: (line = '') => lines.push(line) };
    const result = await encodersCommand.run([join(root, 'models')], {}, terminal);
    expect(lines.find((line) => line.includes('tiny.onnx'))).toMatch(/B +32 px +8$/);
    expect(lines.find((line) => line.includes('none.onnx'))).toContain('cannot be used: ');
    expect(lines).toContain(`${displayPath(join(root, 'cache'))}: no ONNX models`);
    expect(lines.find((line) => line.includes('hub:Xenova/dinov2-small'))).toMatch(
      /88\.5 MB {2}224 px +384 {2}Apache-2\.0 {2}DINOv2/,
    );
    expect(result).toMatchObject({
      cached: [],
      inFolder: [
        { encoder: expect.stringContaining('none.onnx') },
        { imageSize: 32, dimension: 8 },
      ],
    });
  });
});
