import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { WfError } from '../../engine/model/errors.ts';
import { readPrivateFile } from '../../trust/private-file.ts';
import { requireTrusted } from '../../trust/trusted-path.ts';

/** PEM files with which a client and the proxy in front of a fleet authenticate each other. */
export interface TlsFiles {
  /** The certificate of the client, with the chain up to its CA if that is not its issuer, and its private key; null for none. */
  readonly client: { readonly cert: string; readonly key: string } | null;
  /** The CA of the proxy; null for those that Node trusts. */
  readonly ca: string | null;
}

export const NO_TLS_FILES: TlsFiles = { client: null, ca: null };

/** The content of `TlsFiles`. */
export interface Credentials {
  readonly client: { readonly cert: string; readonly key: string; readonly certificate: X509Certificate } | null;
  readonly ca: string | null;
}

/** Reads and checks these files. @throws WfError E_CERTIFICATE, E_UNTRUSTED */
export function readCredentials({ client, ca }: TlsFiles): Credentials {
  return {
    client: client === null ? null : readClient(client),
    ca: ca === null ? null : readCertificate(ca, 'the CA').text,
  };
}

function readClient(files: { readonly cert: string; readonly key: string }): Credentials['client'] {
  const { text: cert, certificate } = readCertificate(files.cert, 'the certificate');
  const what = `the private key ${files.key}`;
  const key = reading(what, () => readPrivateFile(files.key, 'the private key'));
  const isOwn = parsing(what, () => certificate.checkPrivateKey(createPrivateKey(key)));
  if (isOwn) return { cert, key, certificate };
  throw new WfError('E_CERTIFICATE', `${what} does not belong to the certificate ${files.cert}`, {
    hint: 'Give the private key of this certificate with --key.',
  });
}

function readCertificate(file: string, name: string): { readonly text: string; readonly certificate: X509Certificate } {
  requireTrusted(file, name);
  const text = reading(`${name} ${file}`, () => readFileSync(file, 'utf8'));
  return { text, certificate: parsing(`${name} ${file}`, () => new X509Certificate(text)) };
}

function reading<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof WfError) throw thrown;
    throw new WfError('E_CERTIFICATE', `${what} cannot be read: ${thrown instanceof Error ? thrown.message : thrown}`, {
      hint: 'Check the path and the owner of the file.',
      cause: thrown,
    });
  }
}

function parsing<Value>(what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (thrown) {
    throw new WfError('E_CERTIFICATE', `${what} is not valid: ${thrown instanceof Error ? thrown.message : thrown}`, {
      hint: 'Give a file in PEM; a private key without a passphrase.',
      cause: thrown,
    });
  }
}
