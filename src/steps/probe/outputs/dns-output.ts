import { z } from 'zod';

/** Outcome of a query to a name server. */
export const dnsOutcome = z.discriminatedUnion('type', [
  z.object({ type: z.literal('resolved'), addresses: z.array(z.string()) }),
  z.object({ type: z.literal('no-such-name') }),
  /** The server was silent, refused, or failed. */
  z.object({ type: z.literal('no-answer'), code: z.string() }),
]);
export type DnsOutcome = z.infer<typeof dnsOutcome>;

/** Formats an outcome like nslookup, so that evidence reads as on a terminal. */
export function asNslookup(name: string, server: string, outcome: DnsOutcome): string {
  const header = `Server:\t\t${server}\nAddress:\t${server}#53\n`;
  switch (outcome.type) {
    case 'resolved':
      return `${header}\n${outcome.addresses.map((address) => `Name:\t${name}\nAddress: ${address}`).join('\n')}\n`;
    case 'no-such-name':
      return `${header}\n** server can't find ${name}: NXDOMAIN\n`;
    case 'no-answer':
      if (outcome.code === 'ESERVFAIL') return `${header}\n** server can't find ${name}: SERVFAIL\n`;
      if (outcome.code === 'EREFUSED') return `${header}\n** server can't find ${name}: REFUSED\n`;
      return `;; connection timed out; no servers could be reached (${outcome.code})\n`;
  }
}

/** Parses the output of nslookup, of busybox (both of its implementations) or BIND. */
export function parseNslookup(output: string, exitCode: number | null): DnsOutcome {
  const answer = output.slice(Math.max(0, output.search(/^Name:/m)));
  const named = /^Name:/m.test(output);
  const addresses = [...answer.matchAll(/^Address(?: \d+)?:[ \t]*([0-9A-Fa-f:.]+)/gm)].map((match) => match[1] ?? '');
  if (named && addresses.length > 0 && exitCode === 0) return { type: 'resolved', addresses };
  if (/NXDOMAIN|Name does not resolve|Name or service not known|No answer/.test(output))
    return { type: 'no-such-name' };
  const refusal = /(SERVFAIL|REFUSED|Connection refused)/.exec(output)?.[1];
  return { type: 'no-answer', code: refusal ?? 'ETIMEOUT' };
}
