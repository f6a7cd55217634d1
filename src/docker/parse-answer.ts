import { z } from 'zod';
import { WfError } from '../engine/model/errors.ts';

/**
 * Parses what the engine answered. `what` names it: `docker network inspect`.
 * @throws WfError E_DOCKER when it is not what is expected.
 */
export function parseAnswer<Schema extends z.ZodType>(schema: Schema, answer: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new WfError('E_DOCKER', `the engine's answer to ${what} is not understood: ${z.prettifyError(parsed.error)}`, {
    hint: 'Is it a Docker engine that answers there? `docker version` tells. If it is, report this as a defect of wf.',
  });
}
