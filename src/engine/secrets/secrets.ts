import { WfError } from '../model/errors.ts';
import type { RunHeader } from '../model/journal-event.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Random } from '../ports/clock.ts';
import { formsOf, SHORTEST_SECRET } from './secret-forms.ts';

/**
 * The secret inputs of a run whose values this process has. Only step runners get the values: `redact` replaces them by placeholders,
 * `reveal` does the reverse, and `reveal(redact(x))` is `x`.
 */
export interface Secrets {
  /** Names of the secret inputs whose values this process does not have. */
  readonly missing: readonly string[];
  /** Returns a value for a step runner. @throws WfError E_INPUT if it contains the placeholder of a missing value */
  reveal(value: Json): Json;
  /** Returns a value for storage, for printing, or for the machine. */
  redact(value: Json): Json;
  redactText(text: string): string;
  /** Returns a text whose end was cut off, without the beginning of a secret at its end. */
  cutPartialSecret(text: string): string;
  /** Redacts an error with its stack and its causes. */
  redactError(error: WfError): WfError;
}

/** The secrets of a run without secret inputs. */
export const NO_SECRETS: Secrets = {
  missing: [],
  reveal: (value) => value,
  redact: (value) => value,
  redactText: (text) => text,
  cutPartialSecret: (text) => text,
  redactError: (error) => error,
};

/** Hexadecimal digits of the nonce in each placeholder: nobody can guess it, and so plant a placeholder in an output. */
const NONCE_LENGTH = 12;

/** Characters of the longest secret; for a longer one, give a step the path of a file. */
const LONGEST_SECRET = 16 * 1024;

type SecretRun = Pick<RunHeader, 'id' | 'input' | 'options'>;

/** A redacted input, with the names of its secrets and the secrets themselves. */
export interface RedactedInput {
  readonly input: JsonObject;
  readonly names: readonly string[];
  readonly secrets: Secrets;
}

/**
 * Redacts the secrets in an input, except absent and empty ones.
 * @throws WfError E_INPUT if one is not a string, or too short or too long
 */
export function redactInput(input: JsonObject, names: readonly string[], random: Random): RedactedInput {
  const given = names.filter((name) => (input[name] ?? '') !== '');
  if (given.length === 0) return { input, names: [], secrets: NO_SECRETS };
  const nonce = Array.from({ length: NONCE_LENGTH }, () => Math.floor(random() * 16).toString(16)).join('');
  const values = new Map(given.map((name) => [name, secretText(name, input[name])]));
  const secrets = createSecrets(nonce, values, []);
  const redacted = Object.entries(input).map(([name, value]) => [
    name,
    values.has(name) ? placeholder(nonce, name) : secrets.redact(value),
  ]);
  return { input: Object.fromEntries(redacted), names: given, secrets };
}

/** Returns the secrets of an existing run, with the given values. */
export function secretsOf({ input, options }: SecretRun, given: Readonly<Record<string, string>>): Secrets {
  const names = Object.keys(options.secrets ?? {});
  const [first] = names;
  if (first === undefined) return NO_SECRETS;
  const nonce = String(input[first]).slice(-NONCE_LENGTH);
  const known = names.filter((name) => Object.hasOwn(given, name));
  const values = new Map(known.map((name) => [name, secretText(name, given[name])]));
  const missing = names.filter((name) => !values.has(name));
  return createSecrets(nonce, values, missing);
}

/** Requires the values of all secret inputs. @throws WfError E_INPUT naming the missing ones */
export function requireValues({ id }: Pick<SecretRun, 'id'>, { missing }: Secrets): void {
  const [first] = missing;
  if (first === undefined) return;
  throw new WfError('E_INPUT', `run ${id} cannot continue without its secret input ${missing.join(', ')}`, {
    hint: `Give it again, as wf stores no secrets: \`--input ${first}=@env:VARIABLE\` (or @file:PATH); or undo the run with \`wf rollback ${id}\`.`,
  });
}

/** Returns the value of a secret input. @throws WfError E_INPUT if it cannot be redacted */
export function secretText(name: string, value: Json | undefined): string {
  if (typeof value !== 'string') {
    throw new WfError('E_INPUT', `input ${name} is secret, but not a string`, {
      hint: 'Change the schema of the workflow: only a string can be secret.',
    });
  }
  if (value.length < SHORTEST_SECRET || value.length > LONGEST_SECRET) {
    throw new WfError(
      'E_INPUT',
      `input ${name} is secret, and must have ${SHORTEST_SECRET} to ${LONGEST_SECRET} characters: it has ${value.length}`,
      {
        hint: 'Choose another value. A shorter one occurs in any output by chance, so that wf cannot redact it.',
      },
    );
  }
  return value;
}

/** Returns a placeholder, whose characters JSON, URLs and shells leave unescaped. @param form empty for the unchanged value */
function placeholder(nonce: string, name: string, form = ''): string {
  return ['wf-secret', encodeURIComponent(name), ...(form === '' ? [] : [form]), nonce].join(':');
}

/** Whether a value is a text with a placeholder in it. */
export function hasPlaceholder(value: unknown): boolean {
  return typeof value === 'string' && PLACEHOLDER.test(value);
}

const PLACEHOLDER = new RegExp(`wf-secret:[^:\\s]+:(?:[A-Za-z0-9-]+:)?[0-9a-f]{${NONCE_LENGTH}}`);

function createSecrets(nonce: string, values: ReadonlyMap<string, string>, missing: readonly string[]): Secrets {
  const textOf = new Map<string, string>();
  const placeholderOf = new Map<string, string>();
  for (const [name, value] of values) {
    for (const [form, text] of formsOf(value)) {
      const token = placeholder(nonce, name, form);
      textOf.set(token, text);
      if (!placeholderOf.has(text)) placeholderOf.set(text, token);
    }
  }
  const texts = [...placeholderOf.keys()].toSorted((a, b) => b.length - a.length);
  const token = `wf-secret:([^:\\s]+):(?:[A-Za-z0-9-]+:)?${nonce}`;
  const tokens = new RegExp(token, 'g');
  // Matches a placeholder first, so that its text is not redacted again.
  const anything = new RegExp(
    [token, ...texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))].join('|'),
    'g',
  );
  const revealText = (text: string) => text.replace(tokens, (found, name) => textOf.get(found) ?? missingSecret(name));
  const redactText = (text: string) => text.replace(anything, (found) => placeholderOf.get(found) ?? found);
  const redactError = (error: WfError) => redactedError(error, redactText);
  return {
    missing,
    redactText,
    redactError,
    reveal: (value) => mapTexts(value, revealText),
    redact: (value) => mapTexts(value, redactText),
    cutPartialSecret: (text) => withoutBeginning(text, texts),
  };
}

/** Returns a text without its longest end that is the beginning of one of the secrets. */
function withoutBeginning(cut: string, whole: readonly string[]): string {
  // A cut character is decoded to this replacement.
  const text = cut.replace(/\uFFFD+$/, '');
  const longest = whole.reduce((found, one) => {
    for (let length = Math.min(one.length - 1, text.length); length > found; length -= 1) {
      if (text.endsWith(one.slice(0, length))) return length;
    }
    return found;
  }, 0);
  return text.slice(0, text.length - longest);
}

function missingSecret(encodedName: string): never {
  const name = decodeURIComponent(encodedName);
  throw new WfError('E_INPUT', `the value of the secret input ${name} is needed, and is unknown here`, {
    hint: `Give the value from the start of the run: \`--input ${name}=@env:VARIABLE\` (or @file:PATH).`,
  });
}

/** Returns a value with each string replaced, the names of members included. */
function mapTexts(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item: Json) => mapTexts(item, change));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [change(name), mapTexts(member, change)]));
}

function redactedError(error: WfError, redactText: (text: string) => string): WfError {
  const { code, message, hint, transient, untouched, details, cause } = error;
  const redactedDetails = mapTexts(details, redactText);
  const redacted = new WfError(code, redactText(message), {
    hint: redactText(hint),
    transient,
    untouched,
    details: isJsonObject(redactedDetails) ? redactedDetails : {},
    ...(cause === undefined ? {} : { cause: redactedCause(cause, redactText) }),
  });
  return withStack(redacted, error, redactText);
}

function redactedCause(cause: unknown, redactText: (text: string) => string): Error {
  if (cause instanceof WfError) return redactedError(cause, redactText);
  if (!(cause instanceof Error)) return new Error(redactText(String(cause)));
  const options = cause.cause === undefined ? {} : { cause: redactedCause(cause.cause, redactText) };
  return withStack(new Error(redactText(cause.message), options), cause, redactText);
}

function withStack<Failure extends Error>(
  redacted: Failure,
  { stack }: Error,
  redactText: (text: string) => string,
): Failure {
  if (stack !== undefined) redacted.stack = redactText(stack);
  return redacted;
}
