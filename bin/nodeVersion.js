/**
 * The oldest version of Node that runs likeness.
 *
 * Plain JavaScript without imports, so that older versions can read it and print the message.
 */

/** Node 22.18 is the first of its line that runs TypeScript without a flag. */
export const MINIMUM = '22.18';

/** Tells if a version such as `22.18.0` is new enough. The line 23 runs TypeScript from 23.6 on. */
export function isSupported(version) {
  const [major, minor] = version.split('.').map(Number);
  if (major === 22) return minor >= 18;
  if (major === 23) return minor >= 6;
  return major > 23;
}

/** Returns the message for a version that is too old. */
export function unsupportedMessage(version) {
  return (
    `likeness needs Node ${MINIMUM} or later; this is Node ${version}. ` +
    'Install a newer one from https://nodejs.org or with a version manager, and run the command again.'
  );
}
