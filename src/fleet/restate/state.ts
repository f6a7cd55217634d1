import type { ObjectContext, ObjectSharedContext, Serde } from '@restatedev/restate-sdk';
import type { z } from 'zod';
import { type Json, parseJson } from '../../engine/model/json.ts';
import type { RestateSdk } from './load-sdk.ts';

/** Parses the input of a handler. An invalid call is refused for good, and not retried. */
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

/**
 * Asks for a value of the state of an object, and returns a function that waits for it; undefined if there is none. A handler asks for all
 * that it needs, and then waits for one value after the other: the SDK cannot wait for two at a time.
 */
export function askState<Schema extends z.ZodType>(
  ctx: ObjectContext | ObjectSharedContext,
  key: string,
  schema: Schema,
): () => Promise<z.output<Schema> | undefined> {
  const asked = ctx.get<unknown>(key);
  return async () => {
    const value = await asked;
    return value === null ? undefined : schema.parse(value);
  };
}

/** Returns a value of the state of an object; undefined if there is none. */
export function readState<Schema extends z.ZodType>(
  ctx: ObjectContext | ObjectSharedContext,
  key: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  return askState(ctx, key, schema)();
}

interface Target {
  readonly object: string;
  readonly key: string;
  readonly handler: string;
}

/** Sends a message to an object, which receives it exactly once. */
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
