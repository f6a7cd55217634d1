/** Question of a DNS message (RFC 1035, section 4). */
export interface DnsQuestion {
  /** Without the final dot. */
  readonly name: string;
  readonly type: number;
  /** The question as in the message, header included. */
  readonly message: Buffer;
}

export type DnsAnswer =
  | { readonly type: 'address'; readonly address: string }
  /** The name exists without such a record. */
  | { readonly type: 'nothing' }
  | { readonly type: 'no-such-name' }
  | { readonly type: 'failed' };

export const TYPE_A = 1;

const HEADER_LENGTH = 12;
const LONGEST_LABEL = 63;
/** Time to live of Docker's answers. */
const TIME_TO_LIVE_S = 600;

const RESPONSE = 0x8000;
const OPCODE_MASK = 0x7800;
const RECURSION_DESIRED = 0x0100;
const RECURSION_AVAILABLE = 0x0080;
const RESPONSE_CODES = { address: 0, nothing: 0, failed: 2, 'no-such-name': 3 } as const;

/** Parses the question of a message; undefined unless it is one plain question. */
export function parseQuestion(message: Buffer): DnsQuestion | undefined {
  if (message.length < HEADER_LENGTH) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & (RESPONSE | OPCODE_MASK)) !== 0 || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_LENGTH;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > LONGEST_LABEL) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  return { name: labels.join('.'), type: message.readUInt16BE(at), message: message.subarray(0, at + 4) };
}

/** Builds the message that answers a question. */
export function answerMessage({ message }: DnsQuestion, answer: DnsAnswer): Buffer {
  const head = Buffer.from(message);
  const asked = head.readUInt16BE(2) & RECURSION_DESIRED;
  head.writeUInt16BE(RESPONSE | asked | RECURSION_AVAILABLE | RESPONSE_CODES[answer.type], 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answer.type === 'address' ? 1 : 0, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  return answer.type === 'address' ? Buffer.concat([head, addressRecord(answer.address)]) : head;
}

function addressRecord(address: string): Buffer {
  const record = Buffer.alloc(16);
  // The name is a pointer to that of the question.
  record.writeUInt16BE(0xc000 | HEADER_LENGTH, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(TIME_TO_LIVE_S, 6);
  record.writeUInt16BE(4, 10);
  for (const [index, byte] of address.split('.').entries()) record.writeUInt8(Number(byte), 12 + index);
  return record;
}
