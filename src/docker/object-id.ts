/** Returns whether the text is the id of a container or a local network: 64 hex digits, unlike any name in wf. */
export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
