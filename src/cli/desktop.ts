/** Opening a file with the program that the desktop has for it. */
import { spawn } from 'node:child_process';

/** Facts about the machine and the terminal. */
export interface Surroundings {
  platform: NodeJS.Platform;
  env: Readonly<Record<string, string | undefined>>;
  /** Marks a person at a terminal. */
  isTTY: boolean;
}

/**
 * Returns true where a person can see a page: at a terminal, on a machine with a desktop. Over SSH
 * the desktop of macOS and Windows is another one than the person's.
 */
export function hasDesktop({ platform, env, isTTY }: Surroundings): boolean {
  if (!isTTY || env.CI) return false;
  if (platform === 'darwin' || platform === 'win32') return !env.SSH_CONNECTION;
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/** Program and arguments that open a file. */
export function openCommand(
  file: string,
  platform: NodeJS.Platform,
): [program: string, ...args: string[]] {
  if (platform === 'darwin') return ['open', file];
  // `start` takes its first quoted argument as the title of a window.
  if (platform === 'win32') return ['cmd', '/c', 'start', '', file];
  return ['xdg-open', file];
}

/** Opens a file without waiting for the program to end. @throws the error of starting it */
export function openFile(
  file: string,
  platform: NodeJS.Platform = process.platform,
): Promise<void> {
  const [program, ...args] = openCommand(file, platform);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    child.once('error', reject);
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}
