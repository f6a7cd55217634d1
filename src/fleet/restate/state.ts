import type { ObjectContext, ObjectSharedContext, Serde } from '@restatedev/restate-sdk';
import type { z } from 'zod';
import { type Json, parseJson } from '../../engine/model/json.ts';
import type { RestateSdk } from './load-sdk.ts';

/** Parses the input of a handler: a call that does not fit is refused for good, and not retried. */
export function parseInput<Schema extends z.ZodType>(
  { TerminalError }: RestateSdk,
  schema: Schema,
  input: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new TerminalError(`invalid request: ${issue?.path.join('.')}: ${issue?.message}`, { errorCode: 400 });
}

/** Returns a value of the state of an object; undefined if there is none. */
export async function readState<Schema extends z.ZodType>(
  ctx: ObjectContext | ObjectSharedContext,
  key: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  return parseState(schema, await ctx.get<unknown>(key));
}

/** Returns values of the state of an object, in the order of their keys, without those that are not there. */
export async function readStates<Schema extends z.ZodType>(
  ctx: ObjectContext | ObjectSharedContext,
  keys: readonly string[],
  schema: Schema,
): Promise<readonly z.output<Schema>[]> {
  // All are asked for at once, and awaited one after the other: the SDK cannot wait for two promises at a time.
  const asked = keys.map((key) => ctx.get<unknown>(key));
  const values: z.output<Schema>[] = [];
  for (const one of asked) {
    const value = parseState(schema, await one);
    if (value !== undefined) values.push(value);
  }
  return values;
}

const parseState = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | undefined =>
  value === null ? undefined : schema.parse(value);

interface Target {
  readonly object: string;
  readonly key: string;
  readonly handler: string;
}

/** Sends a message to an object: delivered once. */
export function send(ctx: ObjectContext, { object, key, handler }: Target, parameter: unknown): void {
  ctx.genericSend<unknown>({ service: object, method: handler, key, parameter, inputSerde: SENT });
}

/** Calls a handler, and returns its result. */
export function call(
  ctx: ObjectContext | ObjectSharedContext,
  { object, key, handler }: Target,
  parameter: unknown,
): Promise<Json> {
  return ctx.genericCall<unknown, Json>({
    service: object,
    method: handler,
    key,
    parameter,
    inputSerde: SENT,
    outputSerde: RETURNED,
  });
}

const serialize = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
/** A handler that returns nothing sends nothing. */
const deserialize = (bytes: Uint8Array) => (bytes.length === 0 ? null : parseJson(new TextDecoder().decode(bytes)));
const SENT: Serde<unknown> = { contentType: 'application/json', serialize, deserialize };
const RETURNED: Serde<Json> = { contentType: 'application/json', serialize, deserialize };
