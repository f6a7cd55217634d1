// Loaded on first use: together they take 7 ms, and a command that lists runs needs neither.
const crypto = () => process.getBuiltinModule('node:crypto');
const zlib = () => process.getBuiltinModule('node:zlib');

/** Returns the SHA-256 of a text, in hex. */
export function sha256(text: string): string {
  return crypto().createHash('sha256').update(text).digest('hex');
}

export function randomContent(bytes: number): Buffer {
  return crypto().randomBytes(bytes);
}

export function compress(text: string): Buffer {
  return zlib().deflateSync(text);
}

/** @throws Error if `compressed` is not a result of {@link compress} */
export function decompress(compressed: Buffer): string {
  return zlib().inflateSync(compressed).toString('utf8');
}
