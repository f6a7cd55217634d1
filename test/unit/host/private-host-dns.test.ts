import { decode, encode, type RecordType } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerMessage, parseQuery } from '../../../src/runtime/embedded/container/dns-message.ts';

/** A query as resolvers send it, with EDNS. */
function query(name: string, type: RecordType = 'A'): Buffer {
  return encode({
    type: 'query',
    id: 0x1234,
    flags: 0x0100,
    questions: [{ name, type }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 4096,
        flags: 0,
        options: [],
        extendedRcode: 0,
        ednsVersion: 0,
        flag_do: false,
      },
    ],
  });
}

describe('the messages of the name server in a container', () => {
  it('are parsed with the records that resolvers add', () => {
    expect(parseQuery(query('AppDev.lab', 'AAAA'))?.question).toMatchObject({ name: 'AppDev.lab', type: 'AAAA' });
  });

  it('answer with the same id and question, and one address', () => {
    const asked = parseQuery(query('appdev'));
    if (asked === undefined) throw new Error('it is a query');
    const answer = decode(answerMessage(asked, { type: 'address', address: '172.18.0.2' }));
    expect(answer).toMatchObject({
      id: 0x1234,
      type: 'response',
      flag_rd: true,
      flag_ra: true,
      rcode: 'NOERROR',
      questions: [{ name: 'appdev', type: 'A' }],
      answers: [{ name: 'appdev', type: 'A', ttl: 600, data: '172.18.0.2' }],
    });
    const missing = decode(answerMessage(asked, { type: 'no-such-name' }));
    expect(missing).toMatchObject({ rcode: 'NXDOMAIN', answers: [] });
    expect(decode(answerMessage(asked, { type: 'nothing' }))).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(decode(answerMessage(asked, { type: 'failed' }))).toMatchObject({ rcode: 'SERVFAIL' });
  });

  it('are ignored without an error if they are no queries', () => {
    expect(parseQuery(Buffer.from([1, 2, 3]))).toBeUndefined();
    expect(parseQuery(query('appdev').subarray(0, 18))).toBeUndefined();
    expect(parseQuery(encode({ type: 'response', questions: [{ name: 'appdev', type: 'A' }] }))).toBeUndefined();
    const replaced = fc.array(fc.tuple(fc.nat(40), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), replaced, (bytes, replacements) => {
        const message = bytes.length % 2 === 0 ? Buffer.from(bytes) : query('appdev.lab');
        for (const [at, byte] of replacements) message[at] = byte;
        const parsed = parseQuery(message);
        if (parsed !== undefined) answerMessage(parsed, { type: 'address', address: '10.0.0.1' });
      }),
    );
  });
});
