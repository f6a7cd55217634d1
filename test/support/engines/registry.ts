import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** A registry with one image of one small layer, which engines take from 127.0.0.1 without TLS. */
export interface TestRegistry {
  /** `127.0.0.1:PORT/NAME:1` */
  readonly reference: string;
  /** Values of the header Authorization, in the order of the requests. */
  readonly authorizations: readonly string[];
  /** From now on, requests for the layer wait until `release` is called. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** @param password asks for this password of the user `robot` (Basic authentication); absent for a registry that everybody may use */
export async function openRegistry(name: string, password?: string): Promise<TestRegistry> {
  const authorizations: string[] = [];
  const expected = `Basic ${Buffer.from(`robot:${password}`).toString('base64')}`;
  const layer = tarWith('hello', 'world\n');
  const packed = gzipSync(layer);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Cmd: ['/hello'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      history: [{ created_by: name }],
    }),
  );
  const described = (mediaType: string, content: Buffer) => ({
    mediaType: `application/vnd.docker.${mediaType}`,
    size: content.length,
    digest: digestOf(content),
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: described('container.image.v1+json', config),
      layers: [described('image.rootfs.diff.tar.gzip', packed)],
    }),
  );
  const blobs = new Map([config, packed].map((blob) => [digestOf(blob), blob]));

  let held: ServerResponse[] | undefined;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const { authorization = '' } = request.headers;
    authorizations.push(authorization);
    if (password !== undefined && authorization !== expected) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="test"', 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }));
      return;
    }
    if (path.includes('/manifests/')) {
      response.setHeader('Content-Type', MANIFEST).setHeader('Docker-Content-Digest', digestOf(manifest));
      response.setHeader('Content-Length', manifest.length).end(request.method === 'HEAD' ? undefined : manifest);
      return;
    }
    const digest = path.slice(path.lastIndexOf('/') + 1);
    const blob = blobs.get(digest);
    if (blob === undefined) {
      response.statusCode = path === '/v2/' ? 200 : 404;
      response.end('{}');
      return;
    }
    if (blob === packed && held !== undefined) held.push(response);
    else response.end(blob);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    reference: `127.0.0.1:${portOf(server.address())}/${name}:1`,
    authorizations,
    hold() {
      held = [];
    },
    release() {
      for (const response of held ?? []) response.end(packed);
      held = undefined;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('the registry has no port');
  return address.port;
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** A tar archive (ustar) of one file. */
function tarWith(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  const put = (at: number, text: string) => header.write(text, at, 'latin1');
  put(0, name);
  put(100, '0000755\0');
  put(108, '0000000\0');
  put(116, '0000000\0');
  put(124, `${content.length.toString(8).padStart(11, '0')}\0`);
  put(136, '00000000000\0');
  put(148, '        ');
  put(156, '0');
  put(257, 'ustar\u000000');
  put(
    148,
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
  );
  const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
  body.write(content);
  return Buffer.concat([header, body, Buffer.alloc(1024)]);
}
