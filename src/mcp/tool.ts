import type { CallToolResult, Tool as ToolDescription } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { asWfError, WfError } from '../engine/model/errors.ts';
import { isJsonObject, toJson } from '../engine/model/json.ts';
import { type Answer, boundedText, jsonLine } from './answer.ts';
import type { WfCalls } from './wf-calls.ts';

/** A tool of the server. */
export interface Tool {
  readonly name: string;
  /** Whether it needs --allow-actions. */
  readonly acts: boolean;
  readonly description: ToolDescription;
  /** Parses the arguments and answers. An error of wf is an answer, too. */
  call(args: unknown, wf: WfCalls, signal: AbortSignal): Promise<CallToolResult>;
}

/** How a tool changes hosts and runs. */
export type Effect = 'reads' | 'acts' | 'acts, and may destroy';

interface ToolOptions<Input extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly effect: Effect;
  readonly input: Input;
  /** Schema of its structured answer, which fits into one answer. */
  readonly output?: z.ZodObject;
  /** How to get the rest of an answer that was cut. */
  readonly rest?: string;
  answer(args: z.output<Input>, wf: WfCalls, signal: AbortSignal): Promise<Answer>;
}

/** Defines a tool. Its arguments are checked strictly: a misspelled one is an error. */
export function defineTool<Input extends z.ZodObject>(options: ToolOptions<Input>): Tool {
  const { name, title, description, effect, input, output, rest = '', answer } = options;
  const acts = effect !== 'reads';
  return {
    name,
    acts,
    get description() {
      return {
        name,
        title,
        description,
        inputSchema: objectSchema(input, 'input'),
        ...(output === undefined ? {} : { outputSchema: objectSchema(output, 'output') }),
        annotations: {
          title,
          readOnlyHint: !acts,
          ...(acts ? { destructiveHint: effect === 'acts, and may destroy' } : {}),
          openWorldHint: false,
        },
      };
    },
    async call(args, wf, signal) {
      try {
        return resultOf(await answer(parsed(name, input, args), wf, signal), rest);
      } catch (thrown) {
        return errorResult(asWfError(thrown));
      }
    },
  };
}

/** Returns an error as the answer of a tool: the document that `--json` prints. */
export function errorResult(error: WfError): CallToolResult {
  const { code, message, hint } = error.toRecord();
  return {
    isError: true,
    content: [{ type: 'text', text: boundedText(jsonLine({ error: { code, message, hint } }), '') }],
  };
}

function resultOf({ text, structured, notes }: Answer, rest: string): CallToolResult {
  const texts = [text, ...(notes === '' ? [] : [`Notes of wf:\n${notes}`])];
  return {
    content: texts.map((one) => ({ type: 'text', text: boundedText(one, rest) })),
    ...(structured === undefined ? {} : { structuredContent: structured }),
  };
}

function parsed<Input extends z.ZodObject>(tool: string, schema: Input, args: unknown): z.output<Input> {
  const result = schema.safeParse(args);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  );
  throw new WfError('E_USAGE', `${tool}: ${problems.join('; ')}`, {
    hint: `Arguments of ${tool}: ${Object.keys(schema.shape).join(', ') || 'none'}.`,
  });
}

function objectSchema(schema: z.ZodObject, io: 'input' | 'output'): ToolDescription['inputSchema'] {
  const described = toJson(z.toJSONSchema(schema, { io, target: 'draft-7' }));
  return { ...(isJsonObject(described) ? described : {}), type: 'object' };
}
