import { z } from 'zod';
import { WfError } from '../../engine/errors.ts';

/**
 * Parses what a tool wrote as one JSON document. Nothing at all means no entries.
 * @throws WfError E_HOST_STATE_UNKNOWN when it is not what the tool is known to write.
 */
export function parseAnswer<Schema extends z.ZodType>(tool: string, text: string, schema: Schema): z.output<Schema> {
  return understood(tool, documentOf(tool, text), schema);
}

/** The same for a part of an answer that is parsed already. @throws WfError E_HOST_STATE_UNKNOWN */
export function understood<Schema extends z.ZodType>(tool: string, value: unknown, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw notUnderstood(tool, z.prettifyError(parsed.error));
}

function documentOf(tool: string, text: string): unknown {
  if (text.trim() === '') return [];
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw notUnderstood(tool, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function notUnderstood(tool: string, reason: string): WfError {
  return new WfError('E_HOST_STATE_UNKNOWN', `the answer of ${tool} cannot be used: ${reason}`, {
    hint: `Look at the version of ${tool} on this machine: wf needs iproute2 5.0 and nftables 0.9 or later.`,
  });
}
