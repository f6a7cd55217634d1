/** Returns whether the text is an id of a container or a local network: 64 hex digits, which no name of wf has. */
export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}
