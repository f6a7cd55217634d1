import { describe, expect, it } from 'vitest';
import { asNslookup, type DnsOutcome, parseNslookup } from '../../../../src/steps/probe/outputs/dns-output.ts';
import { asWget, hasAnswered, parseWget } from '../../../../src/steps/probe/outputs/http-output.ts';
import { isUnreachable, parsePing } from '../../../../src/steps/probe/outputs/ping-output.ts';

describe('the output of ping', () => {
  it.each([
    [
      'iputils',
      '3 packets transmitted, 3 received, 0% packet loss, time 203ms\nrtt min/avg/max/mdev = 0.030/0.045/0.060/0.010 ms',
      { sent: 3, received: 3, rttMs: 0.045 },
    ],
    [
      'iputils, errors',
      '3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 40ms\npipe 3',
      { sent: 3, received: 0, rttMs: null },
    ],
    [
      'busybox',
      '2 packets transmitted, 2 packets received, 0% packet loss\nround-trip min/avg/max = 0.066/0.191/0.316 ms',
      { sent: 2, received: 2, rttMs: 0.191 },
    ],
  ])('is parsed: %s', (_title, output, summary) => {
    expect(parsePing(output)).toEqual(summary);
  });

  it('has no summary after an error', () => {
    expect(parsePing('ping: connect: Network is unreachable')).toBeUndefined();
    expect(isUnreachable('ping: connect: Network is unreachable')).toBe(true);
    expect(isUnreachable('ping: sendto: Network unreachable')).toBe(true);
    expect(isUnreachable('ping: bad address')).toBe(false);
  });
});

describe('the output of nslookup', () => {
  it.each([
    [
      'busybox 1.35',
      'Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\nNon-authoritative answer:\nName:\tappdev\nAddress: 172.18.0.2\n\n',
      0,
    ],
    [
      'busybox, small',
      'Server:    127.0.0.11\nAddress 1: 127.0.0.11\n\nName:      appdev\nAddress 1: 172.18.0.2 AppDev.devops\n',
      0,
    ],
    [
      'BIND',
      'Server:\t\t127.0.0.11\nAddress:\t127.0.0.11#53\n\nNon-authoritative answer:\nName:\tappdev\nAddress: 172.18.0.2\n',
      0,
    ],
  ])('is parsed for a name that resolves: %s', (_title, output, exitCode) => {
    expect(parseNslookup(output, exitCode)).toEqual({ type: 'resolved', addresses: ['172.18.0.2'] });
  });

  it.each([
    ["Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\n** server can't find appprod: NXDOMAIN\n", 'no-such-name'],
    ["nslookup: can't resolve 'appprod': Name does not resolve", 'no-such-name'],
    [';; connection timed out; no servers could be reached', 'no-answer'],
    ["Server:\t\t127.0.0.11\nAddress:\t127.0.0.11:53\n\n** server can't find appprod: SERVFAIL\n", 'no-answer'],
    ['', 'no-answer'],
  ])('%j means %s', (output, type) => {
    expect(parseNslookup(output, 1).type).toBe(type);
  });

  it('is parsed as wf writes it', () => {
    const outcomes: DnsOutcome[] = [
      { type: 'resolved', addresses: ['172.18.0.2', '172.18.0.3'] },
      { type: 'no-such-name' },
      { type: 'no-answer', code: 'SERVFAIL' },
    ];
    for (const outcome of outcomes) {
      const text = asNslookup(
        'appdev',
        '127.0.0.11',
        outcome.type === 'no-answer' ? { ...outcome, code: 'ESERVFAIL' } : outcome,
      );
      expect(parseNslookup(text, outcome.type === 'resolved' ? 0 : 1)).toEqual(outcome);
    }
  });
});

describe('the output of wget', () => {
  it.each([
    ['Production\n', 0, { type: 'response', status: 200, body: 'Production\n' }],
    ['wget: server returned error: HTTP/1.1 404 Not Found\n', 1, { type: 'response', status: 404, body: '' }],
    [
      "wget: can't connect to remote host (172.18.0.3): Connection refused\n",
      1,
      { type: 'no-answer', code: 'ECONNREFUSED' },
    ],
    [
      "wget: can't connect to remote host (172.18.0.3): No route to host\n",
      1,
      { type: 'no-answer', code: 'EHOSTUNREACH' },
    ],
    ['', null, { type: 'no-answer', code: 'ETIMEDOUT' }],
  ] as const)('is parsed: %j', (output, exitCode, outcome) => {
    expect(parseWget(output, exitCode)).toEqual(outcome);
  });

  it('counts as an answer if the connection was refused', () => {
    expect(hasAnswered({ type: 'no-answer', code: 'ECONNREFUSED' })).toBe(true);
    expect(hasAnswered({ type: 'response', status: 500, body: '' })).toBe(true);
    expect(hasAnswered({ type: 'no-answer', code: 'ETIMEDOUT' })).toBe(false);
    expect(asWget({ type: 'no-answer', code: 'ETIMEDOUT' })).toBe('wget: download timed out\n');
  });
});
