import { z } from 'zod';
import { canonicalJson, isJsonObject, parseJson } from '../../engine/json.ts';
import type { Fingerprint } from '../../engine/ports/fingerprint.ts';
import { damaged } from '../sqlite/database-error.ts';
import type { Statements } from '../sqlite/statements.ts';
import { deflate, inflate, sha256 } from './compression.ts';
import { parseRow } from './parse-row.ts';

/** Keeps a fingerprint under its SHA-256, over canonical JSON; equal ones are kept once. */
export function storeFingerprint(statements: Statements, fingerprint: Fingerprint): string {
  const text = canonicalJson(fingerprint);
  const hash = sha256(text);
  if (statements.hasFingerprint().get({ hash }) === 0) {
    statements.insertFingerprint().run({ hash, deflated: deflate(text) });
  }
  return hash;
}

/** @throws WfError E_DATABASE_DAMAGED where what is stored is not what the hash was taken of. */
export function readFingerprint(
  statements: Pick<Statements, 'fingerprint'>,
  hash: string,
  path: string,
): Fingerprint | undefined {
  const stored = statements.fingerprint().get({ hash });
  if (stored === undefined) return undefined;
  const place = { path, table: 'fingerprints', of: `hash ${hash}` };
  const text = inflated(parseRow(z.instanceof(Buffer), stored, place), path, hash);
  const fingerprint = sha256(text) === hash ? parseJson(text) : undefined;
  if (isJsonObject(fingerprint)) return fingerprint;
  throw damaged(path, `the fingerprint ${hash} is not what was stored`);
}

function inflated(deflated: Buffer, path: string, hash: string): string {
  try {
    return inflate(deflated);
  } catch (cause) {
    throw damaged(path, `the fingerprint ${hash} cannot be unpacked`, cause);
  }
}
