import { WfError } from '../../engine/model/errors.ts';
import { errnoOf } from '../../host/machine/errno.ts';
import type { Credentials } from './credentials.ts';

const RENEW = 'Renew the certificate of the proxy, or set the clock of this machine.';
const GIVE_CA = 'Give the CA that signed it with --ca.';

/** Codes with which Node refuses the certificate of a server, with the hint for each. */
const SERVER_REFUSED: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', RENEW],
  ['CERT_NOT_YET_VALID', RENEW],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'Use an address of the proxy that its certificate names.'],
  ['UNABLE_TO_GET_ISSUER_CERT', GIVE_CA],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', GIVE_CA],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', GIVE_CA],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', GIVE_CA],
  ['SELF_SIGNED_CERT_IN_CHAIN', GIVE_CA],
  ['CERT_SIGNATURE_FAILURE', GIVE_CA],
  ['INVALID_CA', GIVE_CA],
]);

/** Alerts of TLS with which a server refuses the certificate of its client; in TLS 1.2 the code of their errors is EPROTO. */
const CLIENT_REFUSED = /\balert (?:(?:bad|unsupported) certificate|certificate \w+|unknown ca|access denied)\b/;

/** Returns the error of a connection on which one side refuses the certificate of the other; undefined for any other one. */
export function handshakeError(url: string, thrown: unknown, credentials: Credentials): WfError | undefined {
  const why = thrown instanceof Error ? thrown.message : '';
  const [alert] = CLIENT_REFUSED.exec(why) ?? [];
  if (alert !== undefined) return clientRefused(url, alert, credentials, thrown);
  const hint = SERVER_REFUSED.get(errnoOf(thrown) ?? '');
  if (hint === undefined) return undefined;
  return new WfError('E_CERTIFICATE', `the certificate of ${url} is not trusted: ${why}`, { hint, cause: thrown });
}

/** Returns the error of an answer with which a proxy, not Restate, refuses a client; undefined for any other one. */
export function proxyRefusal(
  url: string,
  path: string,
  { status, isJson }: { readonly status: number; readonly isJson: boolean },
  credentials: Credentials,
): WfError | undefined {
  if (isJson) return undefined;
  if (status === 400 || status === 401) return clientRefused(url, `HTTP ${status}`, credentials);
  if (status !== 403) return undefined;
  const who = subjectOf(credentials) ?? 'a client without a certificate';
  return new WfError('E_FORBIDDEN', `${url} does not permit ${who} to call ${path}`, {
    hint: 'The agent of a host needs a certificate of its --name, and `wf fleet` that of an operator.',
  });
}

function clientRefused(url: string, how: string, { client }: Credentials, cause?: unknown): WfError {
  if (client === null) {
    return new WfError('E_CERTIFICATE', `${url} asks for a client certificate (${how})`, {
      hint: 'Give one with --cert and --key.',
      cause,
    });
  }
  const { validFrom, validTo } = client.certificate;
  return new WfError('E_CERTIFICATE', `${url} refuses the certificate of ${subjectOf({ client, ca: null })} (${how})`, {
    hint: `Check that the proxy has the CA that signed it, that it is not revoked, and that it is valid now: it is valid from ${validFrom} to ${validTo}.`,
    cause,
  });
}

/** Returns the name in a certificate, such as `OU=hosts, CN=web1`. */
const subjectOf = ({ client }: Credentials): string | undefined => client?.certificate.subject.replaceAll('\n', ', ');
