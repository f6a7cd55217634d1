import { connect, createServer } from 'node:net';

/** A port of 127.0.0.1 whose connections are forwarded. */
export interface Relay {
  readonly port: number;
  close(): void;
}

/** Forwards the connections to a free port of 127.0.0.1 to a Unix socket. @param socket returns the path of the socket */
export async function relayToSocket(socket: () => string): Promise<Relay> {
  const server = createServer((near) => {
    const far = connect(socket());
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () => void server.close(),
  };
}
