import { describe, expect, it } from 'vitest';
import { hasDesktop, openCommand, openFile } from './desktop.ts';

describe('a desktop', () => {
  it.each<[NodeJS.Platform, Record<string, string>, boolean, boolean]>([
    ['linux', { DISPLAY: ':0' }, true, true],
    ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true, true],
    ['linux', {}, true, false],
    ['linux', { DISPLAY: '' }, true, false],
    ['linux', { DISPLAY: ':0' }, false, false],
    ['darwin', {}, true, true],
    ['darwin', {}, false, false],
    ['darwin', { SSH_CONNECTION: '10.0.0.1 22' }, true, false],
    ['linux', { DISPLAY: ':0', CI: 'true' }, true, false],
    ['win32', {}, true, true],
  ])('on %s with %o, a terminal: %s', (platform, env, isTTY, expected) => {
    expect(hasDesktop({ platform, env, isTTY })).toBe(expected);
  });

  it('opens a file with its own program', () => {
    expect(openCommand('a b.html', 'linux')).toEqual(['xdg-open', 'a b.html']);
    expect(openCommand('a b.html', 'darwin')).toEqual(['open', 'a b.html']);
    expect(openCommand('a b.html', 'win32')).toEqual(['cmd', '/c', 'start', '', 'a b.html']);
  });

  it('tells where that program is missing', async () => {
    const path = process.env.PATH;
    process.env.PATH = '';
    try {
      await expect(openFile('a.html', 'linux')).rejects.toThrow(/xdg-open/);
    } finally {
      process.env.PATH = path;
    }
  });
});
