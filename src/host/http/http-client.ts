import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';

/** TLS credentials of a client, in PEM. */
export interface TlsOptions {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly isJson: boolean;
  readonly text: string;
}

/** Whether a request may reuse an open connection. */
export type Connection = 'kept' | 'new';

/** Sends requests, and keeps its connections open. Node's `fetch` does not support client certificates. */
export interface HttpClient {
  /** @param body JSON @throws the error of the connection; an AbortError */
  post(url: string, body: string | undefined, signal: AbortSignal, connection: Connection): Promise<HttpAnswer>;
}

/** @param tls credentials for addresses with https; null for http */
export function httpClient(tls: TlsOptions | null): HttpClient {
  const { request } = tls === null ? http : https;
  const kept = tls === null ? new http.Agent({ keepAlive: true }) : new https.Agent({ ...tls, keepAlive: true });
  return {
    async post(url, body, signal, connection) {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
        const agent = connection === 'kept' ? kept : false;
        const sent = request(url, { ...tls, method: 'POST', headers, agent, signal }, resolve);
        sent.once('error', reject);
        sent.end(body);
      });
      const isJson = answer.headers['content-type']?.startsWith('application/json') ?? false;
      return { status: answer.statusCode ?? 0, isJson, text: await text(answer) };
    },
  };
}
