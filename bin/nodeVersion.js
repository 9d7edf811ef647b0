/**
 * The oldest version of Node that runs likeness.
 *
 * Plain JavaScript without imports, so that older versions can read it and print the message.
 */

/** Node 22.18 is the first of its line that runs TypeScript without a flag. */
export const MINIMUM = '22.18';

/** The first of the line 23 that does. */
const MINIMUM_OF_23 = '23.6';

/** Tells if a version such as `22.18.0` is new enough. */
export function isSupported(version) {
  const minimum = version.startsWith('23.') ? MINIMUM_OF_23 : MINIMUM;
  const [major, minor] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = minimum.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/** Returns the message for a version that is too old. */
export function unsupportedMessage(version) {
  const line23 = version.startsWith('23.') ? `, ${MINIMUM_OF_23} or later of the line 23` : '';
  return (
    `likeness needs Node ${MINIMUM} or later${line23}; this is Node ${version}. ` +
    'Install a newer one from https://nodejs.org or with a version manager, and run the command again.'
  );
}
