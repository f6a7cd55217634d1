import type { z } from 'zod';

/** What a workflow's schema marks a secret input with: `z.string().meta({ secret: true })`. */
const SECRET_MARK = 'secret';

/**
 * Marks an input as secret: `password: secret(z.string())`. Its value reaches step runners and nothing else; the machine, the
 * journal, evidence, errors and reports hold a placeholder. Texts only.
 */
export function secret<Schema extends z.ZodType>(schema: Schema): Schema {
  return schema.meta({ ...schema.meta(), [SECRET_MARK]: true });
}
