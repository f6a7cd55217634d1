/** Returns the SHA-256 of a text in hex. */
export function sha256(text: string): string {
  // Loaded on first use: it takes 3.5 ms, and commands that list runs need no hash.
  return process.getBuiltinModule('node:crypto').hash('sha256', text, 'hex');
}
