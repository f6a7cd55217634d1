import { randomBytes } from 'node:crypto';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';

/** HPKE (RFC 9180) in base mode: everybody can seal to a host, and only the host can open. */
const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

const SEED_BYTES = 32;
const ENCAPSULATED_BYTES = 32;

/** The use of a sealed value: it opens for no other host, workflow or input. */
export interface Use {
  readonly host: string;
  readonly definitionHash: string;
  readonly input: string;
}

/** Returns a random seed, from which the key pair of a host is derived. */
export const newSeed = (): string => randomBytes(SEED_BYTES).toString('base64url');

/** Returns the public key of a host, in base64url. */
export async function publicKeyOf(seed: string): Promise<string> {
  const { publicKey } = await keyPairOf(seed);
  return Buffer.from(await suite.kem.serializePublicKey(publicKey)).toString('base64url');
}

/** Seals a value to the public key of a host. Returns base64url. */
export async function seal(publicKey: string, use: Use, value: string): Promise<string> {
  const recipientPublicKey = await suite.kem.deserializePublicKey(bytesOf(publicKey));
  const { enc, ct } = await suite.seal({ recipientPublicKey, info: infoOf(use) }, Buffer.from(value));
  return Buffer.concat([Buffer.from(enc), Buffer.from(ct)]).toString('base64url');
}

/** Opens a sealed value. @throws an error of the library if it was sealed to another key or for another use, or altered */
export async function unseal(seed: string, use: Use, sealed: string): Promise<string> {
  const { privateKey: recipientKey } = await keyPairOf(seed);
  const bytes = bytesOf(sealed);
  const [enc, ct] = [bytes.slice(0, ENCAPSULATED_BYTES), bytes.slice(ENCAPSULATED_BYTES)];
  return Buffer.from(await suite.open({ recipientKey, enc, info: infoOf(use) }, ct)).toString();
}

const keyPairOf = (seed: string) => suite.kem.deriveKeyPair(bytesOf(seed));

/** Copies into a buffer of its own: the library reads whole buffers. */
const bytesOf = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, 'base64url')).buffer;

const infoOf = ({ host, definitionHash, input }: Use): ArrayBuffer =>
  Uint8Array.from(Buffer.from(JSON.stringify(['wf fleet secret', 1, host, definitionHash, input]))).buffer;
