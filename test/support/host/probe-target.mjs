// Answers HTTP on :5678 with argv[2] after argv[3] milliseconds, and DNS on :53: `appdev` is 10.3.0.2, `silent` gets no
// answer, every other name does not exist. With the key and the certificate in argv[4] and argv[5] also TLS on :5679.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:tls';

setTimeout(
  () =>
    createServer((request, response) => {
      if (request.url === '/missing') response.statusCode = 404;
      response.end(`${process.argv[2]}\n`);
    }).listen(5678, '::'),
  Number(process.argv[3] ?? 0),
);

const [, , , , key, cert] = process.argv;
if (key !== undefined && cert !== undefined) {
  createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (client) => client.end()).listen(5679);
}

const socket = createSocket('udp4');
socket.on('message', (query, { port, address }) => {
  let end = 12;
  const labels = [];
  while (query[end] !== 0) {
    labels.push(query.toString('latin1', end + 1, end + 1 + query[end]));
    end += query[end] + 1;
  }
  const name = labels.join('.');
  if (name === 'silent') return;
  const wantsIpv4 = query.readUInt16BE(end + 1) === 1;
  const known = name === 'appdev';
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(known ? 0x8180 : 0x8183, 2);
  header.writeUInt16BE(known && wantsIpv4 ? 1 : 0, 6);
  header.writeUInt32BE(0, 8);
  const record = Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 3, 0, 2]);
  const parts = [header, query.subarray(12, end + 5), ...(known && wantsIpv4 ? [record] : [])];
  socket.send(Buffer.concat(parts), port, address);
});
socket.bind(53);
