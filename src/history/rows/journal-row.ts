import * as z from 'zod/mini';
import { CHANGE_STATUSES, verificationSchema } from '../../engine/model/change.ts';
import { errorRecordSchema } from '../../engine/model/error-schema.ts';
import { ownerSchema } from '../../engine/model/identity/identity-schemas.ts';
import { asDefinitionHash, asStepId } from '../../engine/model/ids.ts';
import type { Effect, JournalEntry, JournalEvent } from '../../engine/model/journal-event.ts';
import { isJsonObject } from '../../engine/model/json.ts';
import { lazy } from '../../engine/model/lazy.ts';
import type { MachineEvent } from '../../engine/model/machine-event.ts';
import { FACETS } from '../../engine/workflow/facets.ts';
import { json, jsonObject, jsonText, parseRow, type RowPlace } from './parse-row.ts';

/** Strict: an unknown member comes from a newer version of wf and must not be dropped silently. */
export const journalEvent = lazy(journalEventSchema);

export const JOURNAL_COLUMNS = 'seq, at, type, data';

const journalRow = lazy(() => z.object({ seq: z.number(), at: z.number(), type: z.string(), data: jsonText() }));

/** Returns the columns of an event: its type, and its other members as JSON. */
export function eventColumns(event: JournalEvent): { readonly type: string; readonly data: string } {
  return { type: event.type, data: JSON.stringify({ ...event, type: undefined }) };
}

/**
 * @param row of the columns {@link JOURNAL_COLUMNS}
 * @throws WfError E_DATABASE_DAMAGED
 */
export function parseJournalRow(row: unknown, place: RowPlace): JournalEntry {
  const { seq, at, type, data } = parseRow(journalRow(), row, place);
  const members = isJsonObject(data) ? { ...data, type } : { type };
  return { seq, at, event: parseRow(journalEvent(), members, { ...place, of: `${place.of}, seq ${seq}, ${type}` }) };
}

function journalEventSchema(): z.ZodMiniType<JournalEvent> {
  const stepId = z.pipe(z.string(), z.transform(asStepId));
  const machineEvent = z.pipe(
    jsonObject(),
    z.transform((value, { issues }): MachineEvent => {
      const { type } = value;
      if (typeof type === 'string') return { ...value, type };
      issues.push({ code: 'custom', message: 'not an event: it has no type', input: value });
      return z.NEVER;
    }),
  );
  const effect: z.ZodMiniType<Effect> = z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('start-step'),
      step: stepId,
      invoke: z.string(),
      item: z.exactOptional(z.string()),
      host: z.exactOptional(z.string()),
      stage: z.string(),
      actor: z.string(),
      kind: z.string(),
      input: json(),
    }),
    z.strictObject({ type: z.literal('stop-step'), step: stepId }),
    z.strictObject({ type: z.literal('set-timer'), timer: z.string(), deadline: z.number(), event: machineEvent }),
    z.strictObject({ type: z.literal('cancel-timer'), timer: z.string() }),
    z.strictObject({ type: z.literal('log'), message: json() }),
    z.strictObject({ type: z.literal('emit'), event: machineEvent }),
  ]);

  const change = z.strictObject({
    seq: z.number(),
    step: stepId,
    kind: z.string(),
    target: z.string(),
    title: z.exactOptional(z.string()),
    host: z.exactOptional(z.string()),
    record: json(),
    undo: z.array(z.string()),
    status: z.enum(CHANGE_STATUSES),
    reason: z.nullable(z.string()),
    bootId: z.string(),
  });

  const requester = z.strictObject({ user: z.string(), sudoUser: z.nullable(z.string()), host: z.string() });
  const demand = z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('send'), event: machineEvent }),
    z.strictObject({ kind: z.literal('pause') }),
    z.strictObject({ kind: z.literal('cancel'), keep: z.boolean() }),
    z.strictObject({ kind: z.literal('retry') }),
    z.strictObject({
      kind: z.literal('confirm'),
      extendMs: z.nullable(z.number()),
      stamp: z.strictObject({ bootId: z.string(), sinceBootMs: z.number(), session: z.nullable(z.number()) }),
    }),
    z.strictObject({
      kind: z.literal('settle'),
      change: z.number(),
      as: z.enum(['gone', 'kept']),
      reason: z.string(),
    }),
  ]);
  const outcome = z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('handled') }),
    z.strictObject({ type: z.literal('refused'), error: errorRecordSchema() }),
  ]);
  const ask = z.strictObject({
    title: z.string(),
    text: z.string(),
    events: z.record(z.string(), z.strictObject({ label: z.string() })),
  });

  const deadline = z.strictObject({ bootId: z.string(), setAtMs: z.number(), dueMs: z.number(), at: z.number() });
  const guard = z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('unit'), name: z.string() }),
    z.strictObject({ type: z.literal('process'), process: ownerSchema(), reason: z.string() }),
    z.strictObject({ type: z.literal('none') }),
  ]);

  const proofs = z.exactOptional(
    z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('reported'),
        proofs: z.array(z.strictObject({ claim: z.string(), figures: z.string() })),
      }),
      z.strictObject({ type: z.literal('unavailable'), reason: z.string() }),
    ]),
  );

  const attempt = { step: stepId, attempt: z.number() };
  const owner = ownerSchema();

  return z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('lease.taken'),
      purpose: z.enum(['start', 'resume', 'rollback']),
      owner,
      pauseAfter: z.nullable(z.string()),
      by: z.exactOptional(z.literal('agent')),
      from: z.exactOptional(owner),
    }),
    z.strictObject({ type: z.literal('host.made'), process: owner, user: z.number() }),
    z.strictObject({
      type: z.literal('definition.accepted'),
      definitionHash: z.pipe(z.string(), z.transform(asDefinitionHash)),
    }),
    z.strictObject({
      type: z.literal('decided'),
      event: z.nullable(machineEvent),
      timer: z.exactOptional(z.string()),
      effects: z.array(effect),
      value: json(),
      children: z.exactOptional(jsonObject()),
      ended: z.exactOptional(z.record(z.string(), z.enum(['succeeded', 'failed']))),
      stages: z.array(z.string()),
      digest: z.string(),
    }),
    z.strictObject({
      type: z.literal('retried'),
      voided: z.array(z.number()),
      effects: z.array(effect),
      value: json(),
      children: z.exactOptional(jsonObject()),
      stages: z.array(z.string()),
    }),
    z.strictObject({ type: z.literal('step.attempted'), ...attempt }),
    z.strictObject({ type: z.literal('step.succeeded'), ...attempt, output: json() }),
    z.strictObject({ type: z.literal('step.retrying'), ...attempt, error: errorRecordSchema(), retryAt: z.number() }),
    z.strictObject({ type: z.literal('step.failed'), ...attempt, error: errorRecordSchema() }),
    z.strictObject({ type: z.literal('step.stopped'), ...attempt }),
    z.strictObject({
      type: z.literal('baseline.taken'),
      fingerprint: z.string(),
      arbitrary: z.optional(z.array(z.enum(FACETS))),
    }),
    z.strictObject({ type: z.literal('change.intended'), change }),
    z.strictObject({
      type: z.literal('change.applied'),
      seq: z.number(),
      record: json(),
      target: z.string(),
      undo: z.array(z.string()),
    }),
    z.strictObject({ type: z.literal('change.reverting'), seq: z.number() }),
    z.strictObject({
      type: z.literal('change.settled'),
      seq: z.number(),
      status: z.enum(['reverted', 'gone', 'kept', 'stuck']),
      reason: z.nullable(z.string()),
    }),
    z.strictObject({
      type: z.literal('verified'),
      fingerprint: z.nullable(z.string()),
      verification: verificationSchema(),
    }),
    z.strictObject({ type: z.literal('requested'), by: requester, demand, comment: z.nullable(z.string()) }),
    z.strictObject({ type: z.literal('answered'), request: z.number(), outcome }),
    z.strictObject({
      type: z.literal('waiting'),
      events: z.array(z.string()),
      ask: z.exactOptional(ask),
      until: z.exactOptional(z.number()),
    }),
    z.strictObject({ type: z.literal('armed'), guard, applyBy: deadline }),
    z.strictObject({
      type: z.literal('unconfirmed'),
      deadline,
      newestSession: z.nullable(z.number()),
      kept: z.array(z.number()),
      output: json(),
      proofs,
    }),
    z.strictObject({ type: z.literal('extended'), deadline }),
    z.strictObject({ type: z.literal('paused'), stage: z.nullable(z.string()) }),
    z.strictObject({ type: z.literal('interrupted'), signal: z.string() }),
    z.strictObject({ type: z.literal('rolling-back'), error: errorRecordSchema(), kept: z.array(z.number()) }),
    z.discriminatedUnion('status', [
      z.strictObject({
        type: z.literal('ended'),
        status: z.literal('succeeded'),
        output: json(),
        proofs,
      }),
      z.strictObject({
        type: z.literal('ended'),
        status: z.enum(['failed', 'rolled-back', 'needs-attention']),
        output: z.null(),
        error: errorRecordSchema(),
      }),
    ]),
  ]);
}
