import type { z } from 'zod';

/** The mark of a secret input in the schema of a workflow: `z.string().meta({ secret: true })`. */
const SECRET_MARK = 'secret';

/**
 * Marks an input as secret: `password: secret(z.string())`. Only step runners get its value; the machine, the journal, evidence, errors
 * and reports get a placeholder. For strings only.
 */
export function secret<Schema extends z.ZodType>(schema: Schema): Schema {
  return schema.meta({ ...schema.meta(), [SECRET_MARK]: true });
}
