/** Losses as people read them. */

/** Formats a loss, such as `2.890` or `1.314e+11`. */
export function showLoss(loss: number): string {
  return Math.abs(loss) < 1e5 ? loss.toFixed(3) : loss.toExponential(3);
}

/** Names a random-baseline loss: `ln n` where it is the logarithm of a whole number. */
export function baselineName(loss: number): string {
  const choices = Math.round(Math.exp(loss));
  return Math.abs(Math.log(choices) - loss) < 1e-9 ? `ln ${choices}` : 'random baseline';
}

/** Formats a random-baseline loss with its name, such as `ln 512 = 6.238`. */
export function showBaseline(loss: number, digits = 3): string {
  return `${baselineName(loss)} = ${loss.toFixed(digits)}`;
}
