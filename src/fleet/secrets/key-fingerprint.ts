import { createHash } from 'node:crypto';

/**
 * Returns the fingerprint of the public key of a host, for people to compare: `SHA256:` and base64 without padding, as OpenSSH prints it.
 * @param publicKey in base64url; undefined if the host has published none
 */
export function keyFingerprint(publicKey: string | undefined): string | null {
  if (publicKey === undefined) return null;
  const digest = createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('base64');
  return `SHA256:${digest.replace(/=+$/, '')}`;
}
