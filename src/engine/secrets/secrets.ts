import { WfError } from '../model/errors.ts';
import type { RunHeader } from '../model/journal-event.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Random } from '../ports/clock.ts';
import { formsOf, SHORTEST_SECRET } from './secret-forms.ts';

/**
 * The secret inputs of a run, as far as this process has their values. Everything but the step runners sees placeholders: `redact` puts them in,
 * `reveal` takes them out again, and `reveal(redact(x))` is `x`, so that redaction loses nothing.
 */
export interface Secrets {
  /** Names of the secret inputs whose value this process was not given. */
  readonly missing: readonly string[];
  /** For a step runner. @throws WfError E_INPUT where a value that it takes is missing. */
  reveal(value: Json): Json;
  /** For everything that is kept, shown, or given to the machine. */
  redact(value: Json): Json;
  redactText(text: string): string;
  /** A text whose end was cut off, without the beginning of a secret that it may end with. */
  cutPartialSecret(text: string): string;
  /** The same error, its stack and its causes included. */
  redactError(error: WfError): WfError;
}

/** Of a run that has none. */
export const NO_SECRETS: Secrets = {
  missing: [],
  reveal: (value) => value,
  redact: (value) => value,
  redactText: (text) => text,
  cutPartialSecret: (text) => text,
  redactError: (error) => error,
};

/** In hexadecimal digits; what no one else can guess cannot be planted in an output to be taken for a placeholder. */
const NONCE_LENGTH = 12;

/** A longer one is a file, which a step is better given the path of. */
const LONGEST_SECRET = 16 * 1024;

/** What of a run's options says which inputs are secret. */
type SecretRun = Pick<RunHeader, 'id' | 'input' | 'options'>;

/** An input as it may be kept, the names of the secrets that were in it, and those. */
export interface RedactedInput {
  readonly input: JsonObject;
  readonly names: readonly string[];
  readonly secrets: Secrets;
}

/**
 * Takes the secrets out of an input. Absent and empty ones redact nothing.
 * @throws WfError E_INPUT where one is no text, or one that cannot be told from other text.
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

/** The secrets of a run that was started earlier, with the values that this process was given for them. */
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

/** @throws WfError E_INPUT naming the secret inputs that a run cannot go on without. */
export function requireValues({ id }: Pick<SecretRun, 'id'>, { missing }: Secrets): void {
  const [first] = missing;
  if (first === undefined) return;
  throw new WfError('E_INPUT', `run ${id} cannot go on without its secret input ${missing.join(', ')}`, {
    hint: `wf keeps no secret: give it again, \`wf resume ${id} --input ${first}=@env:VARIABLE\` (or @file:PATH). \`wf rollback ${id}\` undoes what the run did.`,
  });
}

/** The value of a secret input, as far as it can be redacted. @throws WfError E_INPUT */
export function secretText(name: string, value: Json | undefined): string {
  if (typeof value !== 'string') {
    throw new WfError('E_INPUT', `input ${name} is secret, and is no text`, {
      hint: 'Only texts can be kept secret: let the schema of the workflow give one.',
    });
  }
  if (value.length < SHORTEST_SECRET || value.length > LONGEST_SECRET) {
    throw new WfError(
      'E_INPUT',
      `input ${name} is secret, and must have ${SHORTEST_SECRET} to ${LONGEST_SECRET} characters: it has ${value.length}`,
      {
        hint: 'One that is shorter cannot be told from other text in an output, and so could not be kept out of the history.',
      },
    );
  }
  return value;
}

/** `form` is empty where the text stands as it is. No character of it is one that JSON, a URL or a shell escapes. */
function placeholder(nonce: string, name: string, form = ''): string {
  return ['wf-secret', encodeURIComponent(name), ...(form === '' ? [] : [form]), nonce].join(':');
}

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
  // What is a placeholder already stays one, whatever is in it.
  const anything = new RegExp(
    [token, ...texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))].join('|'),
    'g',
  );
  const revealText = (text: string) => text.replace(tokens, (found, name) => textOf.get(found) ?? lacking(name));
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

/** A text without the longest end of it that one of these begins with. */
function withoutBeginning(cut: string, whole: readonly string[]): string {
  // Where a character was cut, this stands for what is left of it.
  const text = cut.replace(/\uFFFD+$/, '');
  const longest = whole.reduce((found, one) => {
    for (let length = Math.min(one.length - 1, text.length); length > found; length -= 1) {
      if (text.endsWith(one.slice(0, length))) return length;
    }
    return found;
  }, 0);
  return text.slice(0, text.length - longest);
}

function lacking(encodedName: string): never {
  const name = decodeURIComponent(encodedName);
  throw new WfError('E_INPUT', `this needs the secret input ${name}, whose value is not known here`, {
    hint: `Give the value that the run was started with: \`--input ${name}=@env:VARIABLE\` (or @file:PATH).`,
  });
}

/** A value with each of its texts changed, the names of its members included. */
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
