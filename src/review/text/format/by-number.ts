/** Returns a character by its number, e.g. `[U+202E]`. */
export function byNumber(character: string): string {
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}
