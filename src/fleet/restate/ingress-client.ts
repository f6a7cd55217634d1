import { isDeepStrictEqual } from 'node:util';
import {
  type Connection,
  type HttpAnswer,
  type HttpClient,
  httpClient,
  type TlsOptions,
} from '../../host/http/http-client.ts';
import { readCredentials, type TlsFiles } from '../tls/credentials.ts';
import { handshakeError, proxyRefusal } from '../tls/tls-errors.ts';

/** Sends requests to the ingress of Restate, or to a proxy in front of it. */
export interface IngressClient {
  /** @throws WfError E_CERTIFICATE, E_FORBIDDEN, E_UNTRUSTED; the error of the connection; an AbortError */
  post(path: string, body: string | undefined, signal: AbortSignal, connection: Connection): Promise<HttpAnswer>;
}

/** @param tls files for an address with https, read at each request: a renewed certificate needs no restart */
export function ingressClient(url: string, tls: TlsFiles): IngressClient {
  if (!url.startsWith('https:')) {
    const client = httpClient(null);
    return { post: (path, ...given) => client.post(`${url}/${path}`, ...given) };
  }
  let last: { readonly options: TlsOptions; readonly client: HttpClient } | undefined;
  return {
    async post(path, ...given) {
      const credentials = readCredentials(tls);
      const { client, ca } = credentials;
      const options: TlsOptions = {
        ...(client === null ? {} : { cert: client.cert, key: client.key }),
        ...(ca === null ? {} : { ca }),
      };
      if (last === undefined || !isDeepStrictEqual(last.options, options)) {
        last = { options, client: httpClient(options) };
      }
      let answer: HttpAnswer;
      try {
        answer = await last.client.post(`${url}/${path}`, ...given);
      } catch (thrown) {
        throw handshakeError(url, thrown, credentials) ?? thrown;
      }
      const refusal = proxyRefusal(url, path, answer, credentials);
      if (refusal !== undefined) throw refusal;
      return answer;
    },
  };
}
