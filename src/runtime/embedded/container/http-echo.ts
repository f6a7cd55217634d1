import { createServer, type IncomingMessage } from 'node:http';
import process from 'node:process';

/** Error for arguments that http-echo refuses. */
export class Usage extends Error {}

interface Options {
  readonly text: string;
  readonly host: string;
  readonly port: number;
}

/** Serves HTTP like hashicorp/http-echo until the process ends. Resolves when it listens. @throws Usage */
export function serveEcho(args: readonly string[]): Promise<void> {
  const { text, host, port } = parse(args);
  const body = `${text}\n`;
  const server = createServer((request, response) => {
    const startedAt = process.hrtime.bigint();
    response.on('finish', () => {
      const micros = Number(process.hrtime.bigint() - startedAt) / 1_000;
      process.stdout.write(`${stamp()} ${requestLine(request, body)} ${micros.toFixed(3)}µs\n`);
    });
    response.setHeader('X-App-Name', 'http-echo');
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.end(body);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      process.stdout.write(`${stamp()} [INFO] server is listening on ${host === '0.0.0.0' ? '' : host}:${port}\n`);
      resolve();
    });
  });
}

/** Parses arguments like Go's flag package: `-text T`, `-text=T`, `--text T`. */
function parse(args: readonly string[]): Options {
  const flags: { text: string; listen: string } = { text: '', listen: ':5678' };
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name, inline] = /^--?(text|listen)(?:=([\s\S]*))?$/.exec(word) ?? [];
    if (name !== 'text' && name !== 'listen') {
      throw new Usage(word.startsWith('-') ? `flag provided but not defined: ${word}` : 'Too many arguments!');
    }
    const value = inline ?? rest.shift();
    if (value === undefined) throw new Usage(`flag needs an argument: -${name}`);
    flags[name] = value;
  }
  if (flags.text === '') throw new Usage('Missing -text option!');
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(flags.listen) ?? [];
  if (port === '' || Number(port) > 65_535) throw new Usage(`listen tcp: address ${flags.listen}: invalid port`);
  return { text: flags.text, host: host === '' ? '0.0.0.0' : host, port: Number(port) };
}

function requestLine({ headers, socket, method, url, httpVersion }: IncomingMessage, body: string): string {
  const from = `${headers.host ?? ''} ${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`;
  const agent = headers['user-agent'] ?? '';
  return `${from} "${method} ${url} HTTP/${httpVersion}" 200 ${Buffer.byteLength(body)} "${agent}"`;
}

/** Formats the time like Go's log package. */
function stamp(): string {
  return new Date().toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
}
