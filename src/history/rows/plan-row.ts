import * as z from 'zod/mini';
import { errorRecordSchema } from '../../engine/model/error-schema.ts';
import { planIdSchema, runIdSchema } from '../../engine/model/identity/identity-schemas.ts';
import { asDefinitionHash, asStepId } from '../../engine/model/ids.ts';
import { lazy } from '../../engine/model/lazy.ts';
import { OBSERVED_STATES, type StoredPlan } from '../../engine/plan/saved-plan.ts';
import { jsonObject, jsonText } from './parse-row.ts';
import { placeMembers, runOptions } from './run-row.ts';

/** Selects plans for {@link planRow}. */
export const PLAN_QUERY = `SELECT plans.id, plans.created_at, plans.workflow, plans.definition_hash, plans.plan, runs.id AS used_by
  FROM plans LEFT JOIN runs ON runs.number = plans.run`;

const planContent = lazy(() =>
  z.strictObject({
    run: runIdSchema(),
    runtime: z.enum(['docker', 'embedded']),
    input: jsonObject(),
    options: runOptions(),
    place: z.nullable(z.object({ ...placeMembers(), engine: z.nullable(z.string()) })),
    steps: z.array(
      z.strictObject({
        step: z.pipe(z.string(), z.transform(asStepId)),
        stage: z.string(),
        kind: z.string(),
        host: z.exactOptional(z.string()),
        description: z.string(),
        does: z.enum(['change', 'undo', 'read']),
        commands: z.array(z.string()),
        inputFrom: z.array(z.string()),
        onlyIf: z.array(z.string()),
        observed: z.nullable(
          z.strictObject({
            found: z.enum(OBSERVED_STATES),
            target: z.nullable(z.string()),
            error: z.nullable(errorRecordSchema()),
          }),
        ),
      }),
    ),
  }),
);

/** A plan, of the query {@link PLAN_QUERY}. */
export const planRow = lazy(() =>
  z.pipe(
    z.object({
      id: planIdSchema(),
      created_at: z.number(),
      workflow: z.string(),
      definition_hash: z.pipe(z.string(), z.transform(asDefinitionHash)),
      plan: z.pipe(jsonText(), planContent()),
      used_by: z.nullable(runIdSchema()),
    }),
    z.transform(
      ({ id, created_at, workflow, definition_hash, plan, used_by }): StoredPlan => ({
        ...plan,
        id,
        createdAt: created_at,
        workflow,
        definitionHash: definition_hash,
        usedBy: used_by,
      }),
    ),
  ),
);
