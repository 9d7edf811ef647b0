import { describe, expect, it } from 'vitest';
import { isHubId, isSafePath, parseHubId, showHubId } from './hubId.ts';

describe('parseHubId', () => {
  it.each([
    ['hub:Owner/dinov2-small', { repo: 'Owner/dinov2-small' }],
    ['hub:a/b.c@v1.0', { repo: 'a/b.c', revision: 'v1.0' }],
    ['hub:a/b@refs/pr/1', { repo: 'a/b', revision: 'refs/pr/1' }],
    ['hub:a/b#onnx/model_fp16.onnx', { repo: 'a/b', file: 'onnx/model_fp16.onnx' }],
    [`hub:a/b@${'0'.repeat(40)}#m.onnx`, { repo: 'a/b', revision: '0'.repeat(40), file: 'm.onnx' }],
  ])('reads %s, and showHubId writes it', (text, expected) => {
    expect(isHubId(text)).toBe(true);
    expect(parseHubId(text)).toEqual(expected);
    expect(showHubId(parseHubId(text))).toBe(text);
  });

  it.each([
    'hub:',
    'hub:name',
    'hub:a/b/c',
    'hub:../b',
    'hub:a/..',
    'hub:a/b--c',
    'hub:-a/b',
    'hub:a/b c',
    'hub:a/b@',
    'hub:a/b@../../x',
    'hub:a/b@/main',
    'hub:a/b#',
    'hub:a/b#../model.onnx',
    'hub:a/b#/etc/model.onnx',
    'hub:a/b#C:\\model.onnx',
    'hub:a/b#model.bin',
    'hub:a/b?x=1',
    `hub:a/${'b'.repeat(400)}`,
  ])('refuses %s', (text) => {
    expect(() => parseHubId(text)).toThrow(expect.objectContaining({ code: 'hub.id' }));
  });
});

describe('isSafePath', () => {
  it.each([
    '',
    '.',
    '..',
    'a/../b',
    '/a',
    'a//b',
    'a\\b',
    'a\0',
    '.hidden',
    '-option',
    'a/',
    'c:x',
  ])('refuses %j', (path) => {
    expect(isSafePath(path)).toBe(false);
  });
});
