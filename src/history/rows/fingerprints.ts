import { sha256 } from '../../engine/model/digest.ts';
import { canonicalJson, isJsonObject, parseJson } from '../../engine/model/json.ts';
import type { Fingerprint } from '../../engine/ports/fingerprint.ts';
import type { Statements } from '../../sqlite/statements.ts';
import { damaged } from '../sqlite/database-error.ts';
import { compress } from './compression.ts';
import { compressedText, parseRow } from './parse-row.ts';

/** Stores a fingerprint under the SHA-256 of its canonical JSON, unless it is stored already. Returns the hash. */
export function storeFingerprint(statements: Statements, fingerprint: Fingerprint): string {
  const text = canonicalJson(fingerprint);
  const hash = sha256(text);
  const exists = statements.value('SELECT 1 FROM fingerprints WHERE hash = @hash', { hash }) !== undefined;
  if (!exists) {
    statements.run('INSERT INTO fingerprints (hash, compressed) VALUES (@hash, @compressed)', {
      hash,
      compressed: compress(text),
    });
  }
  return hash;
}

/** @throws WfError E_DATABASE_DAMAGED if the stored content does not match its hash */
export function readFingerprint(statements: Statements, hash: string, path: string): Fingerprint | undefined {
  const stored = statements.value('SELECT compressed FROM fingerprints WHERE hash = @hash', { hash });
  if (stored === undefined) return undefined;
  const text = parseRow(compressedText(), stored, { path, table: 'fingerprints', of: `hash ${hash}` });
  const fingerprint = sha256(text) === hash ? parseJson(text) : undefined;
  if (isJsonObject(fingerprint)) return fingerprint;
  throw damaged(path, `the fingerprint ${hash} does not match its hash`);
}
