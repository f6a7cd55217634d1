import { decode, encode, type Packet, type Question, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet';

/** A DNS message with one question. */
export interface DnsQuery {
  readonly packet: Packet;
  readonly question: Question;
}

export type DnsAnswer =
  | { readonly type: 'address'; readonly address: string }
  /** The name exists, but has no such record. */
  | { readonly type: 'nothing' }
  | { readonly type: 'no-such-name' }
  | { readonly type: 'failed' };

/** The same as that of Docker's name server. */
const TIME_TO_LIVE_S = 600;
// RFC 1035, section 4.1.1.
const OPCODE = 0x7800;
const RESPONSE_CODES = { address: 0, nothing: 0, failed: 2, 'no-such-name': 3 } as const;

/** Parses a query; undefined if the message is not a query with one question. */
export function parseQuery(message: Buffer): DnsQuery | undefined {
  try {
    const packet = decode(message);
    const [question, ...more] = packet.questions ?? [];
    const isQuery = packet.type === 'query' && ((packet.flags ?? 0) & OPCODE) === 0;
    return isQuery && question !== undefined && more.length === 0 ? { packet, question } : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the message that answers a query. */
export function answerMessage({ packet, question }: DnsQuery, answer: DnsAnswer): Buffer {
  const asked = (packet.flags ?? 0) & RECURSION_DESIRED;
  const { name } = question;
  return encode({
    type: 'response',
    id: packet.id,
    flags: asked | RECURSION_AVAILABLE | RESPONSE_CODES[answer.type],
    questions: [question],
    answers: answer.type === 'address' ? [{ type: 'A', name, ttl: TIME_TO_LIVE_S, data: answer.address }] : [],
  });
}
