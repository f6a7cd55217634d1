import { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';

/**
 * Parses a response of the engine. `what` names it, such as `docker network inspect`.
 * @throws WfError E_DOCKER if the response has an unexpected shape.
 */
export function parseAnswer<Schema extends z.ZodType>(schema: Schema, answer: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new WfError('E_DOCKER', `${what}: unexpected answer from the engine: ${z.prettifyError(parsed.error)}`, {
    hint: 'Check with `docker version` that it is a Docker engine. If it is, report this as a defect of wf.',
  });
}
