import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WfError } from '../../../../src/engine/model/errors.ts';
import type { Json } from '../../../../src/engine/model/json.ts';
import { redactedEvidence, storedEvidenceOf } from '../../../../src/engine/secrets/redact.ts';
import { SHORTEST_SECRET } from '../../../../src/engine/secrets/secret-forms.ts';
import { NO_SECRETS, redactInput, secretsOf } from '../../../../src/engine/secrets/secrets.ts';
import { errorOf } from '../../../fixtures/history/temporary.ts';
import { runId } from '../../../support/in-process/folder-host.ts';

const secretsFor = (value: string) => redactInput({ password: value }, ['password'], () => 0.3).secrets;

const secretText = fc.string({ minLength: SHORTEST_SECRET, maxLength: 60, unit: 'binary' });

describe('redaction', () => {
  test('is reversible and idempotent, and removes the value', () => {
    fc.assert(
      fc.property(
        secretText,
        fc.jsonValue({ maxDepth: 3 }),
        fc.string(),
        fc.string(),
        (value, other, before, after) => {
          const { redact, reveal } = secretsFor(value);
          const original: Json = {
            [`${before}${value}`]: [`${before}${value}${after}`, value],
            other: JSON.stringify(other),
          };
          const redacted = redact(original);
          expect(reveal(redacted)).toEqual(original);
          expect(redact(redacted)).toEqual(redacted);
          // A value that is a part of its own placeholder stays in the text.
          fc.pre(!'wf-secret:password:444444444444'.includes(value));
          if (before === '' && after === '')
            expect(JSON.stringify(redacted)).not.toContain(JSON.stringify(value).slice(1, -1));
        },
      ),
    );
  });

  const value = `p'Ä/"w+ö\\?&1 $x\n<x>`;
  test.each<[what: string, text: string]>([
    ['in plain text', value],
    ['in JSON', JSON.stringify({ password: value })],
    ['in JSON in JSON', JSON.stringify(JSON.stringify({ password: value }))],
    ['in JSON of ASCII letters', '"p\'\\u00c4/\\"w+\\u00f6\\\\?&1 $x\\n<x>"'],
    ['quoted for a shell', `'${value.replaceAll("'", `'\\''`)}'`],
    ['in a URL', `https://me:${encodeURIComponent(value)}@host/`],
    ['in a URL in lower case', encodeURIComponent(value).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    ['in a form', new URLSearchParams({ password: value }).toString()],
    ['in hexadecimal', Buffer.from(value).toString('hex')],
    ['in base64', Buffer.from(value).toString('base64')],
    ['in base64 after one letter', Buffer.from(`u${value}`).toString('base64')],
    ['in base64 as basic authentication', Buffer.from(`me:${value}!`).toString('base64')],
    ['in base64 for URLs', Buffer.from(`a:${value}`).toString('base64url')],
  ])('finds a secret %s', (_what, text) => {
    const { redactText, reveal } = secretsFor(value);
    const redacted = redactText(text);
    expect(redacted).toContain('wf-secret:password:');
    expect(reveal(redacted)).toBe(text);
    expect(redacted.length).toBeLessThan(text.length + 60);
    // In base64, only the letters on either side that also encode a neighbour stay.
    const rest = redacted.replace(/wf-secret:password:([A-Za-z0-9-]+:)?4{12}/, '');
    expect(rest).not.toMatch(/öw|%C3|c384|Ä/i);
  });

  test('finds each line of a secret of several lines, and wrapped base64', () => {
    const key = ['-----BEGIN KEY-----', 'MIIEpAIBAAKCAQEA1234', '5678abcdefghijklmnop', '-----END KEY-----'].join('\n');
    const { redactText } = secretsFor(key);
    expect(redactText(`1: ${key.split('\n')[1]} / 2: ${key.split('\n')[2]}`)).toMatch(
      /^1: wf-secret\S+ \/ 2: wf-secret\S+$/,
    );
    const broken = Buffer.from(key).toString('base64').replace(/.{76}/g, '$&\n');
    expect(redactText(broken)).not.toContain(broken.slice(0, 20));
    expect(redactText(broken)).not.toContain(broken.slice(80, 100));
  });

  test('removes a partial secret at the end of a truncated text', () => {
    const { cutPartialSecret } = secretsFor('correct-hörse');
    expect(cutPartialSecret('password is correct-h')).toBe('password is ');
    expect(cutPartialSecret('password is correct-h\uFFFD')).toBe('password is ');
    expect(cutPartialSecret(`in base64 ${Buffer.from('correct-hörse').toString('base64').slice(0, 9)}`)).toBe(
      'in base64 ',
    );
    expect(cutPartialSecret('nothing of it')).toBe('nothing of it');
  });

  test('removes the value from an error, its stack and its causes, and keeps its code', () => {
    const { redactError } = secretsFor('hunter2');
    const cause = new Error('hunter2 was refused', { cause: new Error('by hunter2') });
    const error = redactError(
      new WfError('E_STEP_FAILED', 'no hunter2', {
        hint: 'try hunter2',
        transient: true,
        details: { is: ['hunter2'] },
        cause,
      }),
    );
    expect(error).toMatchObject({ code: 'E_STEP_FAILED', transient: true });
    expect(error.message).toBe('no wf-secret:password:444444444444');
    const everything = [error, error.cause].flatMap((one) =>
      one instanceof Error ? [one.stack, one.message, String(one.cause)] : [],
    );
    expect(JSON.stringify([everything, error.toRecord(), error.details])).not.toContain('hunter2');
  });
});

test('evidence is truncated after it is redacted, so that no partial secret is left', () => {
  const value = 'correct horse battery staple, and a good deal more than that';
  const seen = {
    command: `echo ${value}`,
    output: 'x'.repeat(16 * 1024 - 30) + value,
    exitCode: 0,
    startedAt: 0,
    durationMs: 1,
  };
  const kept = storedEvidenceOf(seen, secretsFor(value));
  expect(kept.command).toBe('echo wf-secret:password:444444444444');
  expect(kept.output).toMatch(/xxwf-secret:password:4+\n\[\d+ more characters\]$/);
  expect(redactedEvidence(kept, secretsFor(value))).toEqual(kept);
  // A process without the value cannot redact it.
  const run = {
    id: runId('r'),
    input: { password: kept.command },
    options: { onFailure: 'keep', pauseAfter: null, secrets: { password: null } },
  } as const;
  expect(storedEvidenceOf(seen, secretsOf(run, {})).output).toMatch(
    /^\[not stored: it may contain the secret input password/,
  );
});

describe('a placeholder', () => {
  test('is plain text if it does not belong to the run', () => {
    const { reveal } = secretsFor('hunter2');
    expect(reveal('wf-secret:password:000000000000')).toBe('wf-secret:password:000000000000');
    expect(reveal({ a: 'Bearer wf-secret:password:444444444444:json' })).toEqual({ a: 'Bearer hunter2:json' });
  });

  test('is an error if this process does not have its value', () => {
    const { input } = redactInput({ password: 'hunter2' }, ['password'], () => 0.3);
    const run = {
      id: runId('r'),
      input,
      options: { onFailure: 'rollback', pauseAfter: null, secrets: { password: null } },
    } as const;
    expect(() => secretsOf(run, {}).reveal(input)).toThrow('the secret input password');
    expect(secretsOf(run, { password: 'hunter2' }).reveal(input)).toEqual({ password: 'hunter2' });
  });
});

test('a secret is redacted in other inputs too; absent and empty secrets redact nothing', () => {
  const redacted = redactInput(
    { password: 'hunter2', url: 'http://me:hunter2@host', note: 'x', token: '' },
    ['password', 'token', 'none'],
    () => 0.3,
  );
  expect(redacted.names).toEqual(['password']);
  expect(redacted.input).toEqual({
    password: 'wf-secret:password:444444444444',
    url: 'http://me:wf-secret:password:444444444444@host',
    note: 'x',
    token: '',
  });
  expect(redactInput({ token: '' }, ['token', 'none'], () => 0).secrets).toBe(NO_SECRETS);
});

test.each([
  ['short', 'it has 5'],
  [7, 'is secret, but not a string'],
  [['a'], 'is secret, but not a string'],
  ['x'.repeat(16_385), '16385'],
])('a secret %j is refused, and the error does not contain it', (value, reason) => {
  expect(() => redactInput({ password: value }, ['password'], () => 0)).toThrow(reason);
  const { message, hint } = errorOf(() => redactInput({ password: value }, ['password'], () => 0));
  expect(`${message} ${hint}`).not.toContain(JSON.stringify(value).slice(0, 20));
});
