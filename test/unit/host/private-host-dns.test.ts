import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerMessage, parseQuestion } from '../../../src/runtime/embedded/container/dns-message.ts';

/** A question as resolvers send it: header, name, type, class, and perhaps more. */
function question(name: string, type = 1, extra: readonly number[] = []): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  return Buffer.from([
    0x12,
    0x34,
    0x01,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    extra.length > 0 ? 1 : 0,
    ...labels,
    0,
    0,
    type,
    0,
    1,
    ...extra,
  ]);
}

describe('the messages of the name server in a container', () => {
  it('are read, with what else resolvers add to them', () => {
    expect(parseQuestion(question('appdev'))).toMatchObject({ name: 'appdev', type: 1 });
    const edns = [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0];
    expect(parseQuestion(question('AppDev.lab', 28, edns))).toMatchObject({ name: 'AppDev.lab', type: 28 });
  });

  it('answer with the same id and question, and one address', () => {
    const asked = parseQuestion(question('appdev', 1, [0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]));
    if (asked === undefined) throw new Error('it is a question');
    const answer = answerMessage(asked, { type: 'address', address: '172.18.0.2' });
    expect([...answer.subarray(0, 12)]).toEqual([0x12, 0x34, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    expect([...answer.subarray(-16)]).toEqual([0xc0, 12, 0, 1, 0, 1, 0, 0, 2, 88, 0, 4, 172, 18, 0, 2]);
    const missing = answerMessage(asked, { type: 'no-such-name' });
    expect([missing.readUInt16BE(2) & 15, missing.readUInt16BE(6)]).toEqual([3, 0]);
    expect(answerMessage(asked, { type: 'nothing' }).readUInt16BE(2) & 15).toBe(0);
    expect(answerMessage(asked, { type: 'failed' }).readUInt16BE(2) & 15).toBe(2);
  });

  it('that are none are refused without an error, whatever they hold', () => {
    expect(parseQuestion(Buffer.from([1, 2, 3]))).toBeUndefined();
    expect(parseQuestion(question('appdev').subarray(0, 18))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const parsed = parseQuestion(Buffer.from(bytes));
        if (parsed !== undefined) answerMessage(parsed, { type: 'address', address: '10.0.0.1' });
      }),
    );
  });
});
