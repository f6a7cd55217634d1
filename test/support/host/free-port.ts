import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Returns a free port below the range from which the kernel assigns ports: it is still free when a killed server restarts. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
