import { connect, createServer, type Socket } from 'node:net';
import { atEndOfFile } from './file-folder.ts';

/** A line between two programs, which can be cut: then connections hang, and new ones do, too, as on a partitioned network. */
export interface Line {
  readonly url: string;
  cut(): void;
  mend(): void;
}

/** Opens a line to a port of 127.0.0.1, which is closed after the last test of the file. */
export async function openLine(to: string): Promise<Line> {
  const port = Number(new URL(to).port);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      if (isCut) from.pause();
      from.on('data', (data) => other.write(data));
      from.on('error', () => other.destroy());
      from.on('close', () => {
        sockets.delete(from);
        other.destroy();
      });
    }
  });
  atEndOfFile(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.pause();
    },
    mend() {
      isCut = false;
      // Data on its way is lost: both ends have to begin again.
      for (const socket of sockets) socket.destroy();
    },
  };
}
