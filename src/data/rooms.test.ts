import { describe, expect, it } from 'vitest';
import { withRoom } from './rooms.ts';

describe('rooms', () => {
  it('are used again, but never by two at a time, and after a failure too', async () => {
    const first = await withRoom(10, async (room) => room!);
    expect(first.length).toBeGreaterThanOrEqual(10);
    const failing = withRoom(10, async (room) => {
      expect(room).toBe(first);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    const both = await Promise.all(
      [1, 2].map(() =>
        withRoom(10, async (room) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          return room!;
        }),
      ),
    );
    expect(both).toContain(first);
    expect(both[0]).not.toBe(both[1]);
  });

  it('have an end', async () => {
    expect(await withRoom(2 ** 30, async (room) => room)).toBeUndefined();
  });
});
