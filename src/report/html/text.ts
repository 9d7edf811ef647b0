/** Text for a page: escaping, and numbers as people read them, the same on every machine. */

const replacements: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Escapes text for content and for quoted attributes.
 *
 * Control and direction-changing characters, which could disguise a path, become the replacement
 * character.
 */
export function escapeHtml(text: string): string {
  return text
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
    .replace(/[&<>"']/g, (character) => replacements[character]!);
}

/** Formats a fraction from 0 to 1, such as `14.2 %`. */
export function showShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
