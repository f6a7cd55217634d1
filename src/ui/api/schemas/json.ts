import * as z from 'zod';
import type { Json, JsonObject } from '../../../engine/model/json.ts';

/** Any JSON value. */
export const jsonSchema = z.custom<Json>((value) => value !== undefined);

/** A JSON object with any members. */
export const jsonObjectSchema: z.ZodType<JsonObject> = z.record(z.string(), jsonSchema);

/** A moment, ISO 8601 in UTC. */
export const momentSchema = z.iso.datetime();

/** A duration in milliseconds. */
export const durationSchema = z.number().nonnegative();
