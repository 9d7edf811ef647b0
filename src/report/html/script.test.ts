import { describe, expect, it } from 'vitest';
import { script } from './script.ts';

describe('the script of report.html', () => {
  it('has the address of a picture of any name', () => {
    const lines = script.split('\n').filter((line) => /const (fileOf|part|address) =/.test(line));
    const addressOf = new Function('root', 'pages', 'id', `${lines.join('\n')} return address(id)`);
    const address = (id: string) => addressOf('file:///photos/', true, id) as string;
    expect(address('a b/é.tif#2')).toBe('file:///photos/a%20b/%C3%A9.tif');
    // A byte that is no UTF-8, a line break, and a backslash that is one.
    expect(address('\\xFF\\x0A.jpg')).toBe('file:///photos/%FF%0A.jpg');
    expect(address('\\x5Cx41.jpg')).toBe('file:///photos/%5Cx41.jpg');
  });
});
