const SLASH = 47;

/** Character code for ordering: `/` first, so that a folder's files stay together. */
function rank(code: number): number {
  return code === SLASH ? 0 : code;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function endOfDigits(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  return end;
}

function skipZeros(text: string, from: number, end: number): number {
  let start = from;
  while (start < end - 1 && text.charCodeAt(start) === 48) start++;
  return start;
}

/**
 * Natural order of paths: runs of digits compare as numbers, so `img2` comes before `img10`.
 *
 * Uses character codes only, never the machine's locale. Total: 0 for identical strings and for no
 * others.
 *
 * @example ['img10', 'img2'].sort(compareNatural) // ['img2', 'img10']
 */
export function compareNatural(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(j);
    if (isDigit(x) && isDigit(y)) {
      const endA = endOfDigits(a, i);
      const endB = endOfDigits(b, j);
      i = skipZeros(a, i, endA);
      j = skipZeros(b, j, endB);
      const longer = endA - i - (endB - j);
      if (longer !== 0) return longer;
      for (; i < endA; i++, j++) {
        const difference = a.charCodeAt(i) - b.charCodeAt(j);
        if (difference !== 0) return difference;
      }
    } else if (x !== y) {
      return rank(x) - rank(y);
    } else {
      i++;
      j++;
    }
  }
  const rest = a.length - i - (b.length - j);
  if (rest !== 0) return rest;
  return a < b ? -1 : a > b ? 1 : 0; // equal but for leading zeros
}
