import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Question } from 'dns-packet';
import { answerMessage, type DnsAnswer, parseQuery } from './dns-message.ts';

/** Address of Docker's name server inside every container. */
export const NAME_SERVER = '127.0.0.11';
const PORT = 53;

/** Returns the address of a name; null if the name does not exist. */
export type FindAddress = (name: string) => Promise<string | null>;

/** Serves names over UDP and TCP until the process ends. Resolves when it listens. */
export async function serveNames(find: FindAddress): Promise<void> {
  await Promise.all([serveUdp(find), serveTcp(find)]);
}

function serveUdp(find: FindAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.on('message', (message, { port, address }) => {
      void answerTo(message, find).then((answer) => {
        if (answer !== undefined) socket.send(answer, port, address);
      });
    });
    socket.once('error', reject);
    socket.bind(PORT, NAME_SERVER, resolve);
  });
}

/** Serves TCP, where each message is preceded by its length. */
function serveTcp(find: FindAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => {
      let rest = Buffer.alloc(0);
      connection.on('error', () => connection.destroy());
      connection.on('data', (chunk) => {
        rest = Buffer.concat([rest, chunk]);
        while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
          const end = 2 + rest.readUInt16BE(0);
          const message = rest.subarray(2, end);
          rest = rest.subarray(end);
          void answerTo(message, find).then((answer) => {
            if (answer === undefined) {
              connection.destroy();
              return;
            }
            const length = Buffer.alloc(2);
            length.writeUInt16BE(answer.length);
            connection.write(Buffer.concat([length, answer]));
          });
        }
      });
    });
    server.once('error', reject);
    server.listen(PORT, NAME_SERVER, resolve);
  });
}

/** Answers a message. Never rejects. */
async function answerTo(message: Buffer, find: FindAddress): Promise<Buffer | undefined> {
  const query = parseQuery(message);
  return query === undefined ? undefined : answerMessage(query, await answerFor(query.question, find));
}

async function answerFor({ name, type }: Question, find: FindAddress): Promise<DnsAnswer> {
  try {
    const address = await find(name);
    if (address === null) return { type: 'no-such-name' };
    return type === 'A' ? { type: 'address', address } : { type: 'nothing' };
  } catch {
    return { type: 'failed' };
  }
}
