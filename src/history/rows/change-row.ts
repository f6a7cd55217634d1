import * as z from 'zod/mini';
import { CHANGE_STATUSES, type Change } from '../../engine/model/change.ts';
import { runIdSchema } from '../../engine/model/identity/identity-schemas.ts';
import { asStepId } from '../../engine/model/ids.ts';
import { lazy } from '../../engine/model/lazy.ts';
import type { ChangeOfRun } from '../../engine/ports/history.ts';
import { jsonText } from './parse-row.ts';

export const CHANGE_COLUMNS = 'seq, step, kind, target, title, host, record, undo, changes.status, reason, boot_id';

const changeColumns = lazy(() =>
  z.object({
    seq: z.number(),
    step: z.pipe(z.string(), z.transform(asStepId)),
    kind: z.string(),
    target: z.string(),
    title: z.nullable(z.string()),
    host: z.nullable(z.string()),
    record: jsonText(),
    undo: z.pipe(jsonText(), z.array(z.string())),
    status: z.enum(CHANGE_STATUSES),
    reason: z.nullable(z.string()),
    boot_id: z.string(),
  }),
);

/** A change, of the columns {@link CHANGE_COLUMNS}. */
export const changeRow = lazy(() =>
  z.pipe(
    changeColumns(),
    z.transform(({ boot_id: bootId, title, host, ...row }): Change => ({ ...row, ...given({ title, host }), bootId })),
  ),
);

/** A change with the id of its run. */
export const changeOfRunRow = lazy(() =>
  z.pipe(
    z.extend(changeColumns(), { run: runIdSchema() }),
    z.transform(
      ({ boot_id: bootId, title, host, ...row }): ChangeOfRun => ({ ...row, ...given({ title, host }), bootId }),
    ),
  ),
);

type Optional = Pick<Change, 'title' | 'host'>;

function given({ title, host }: Readonly<Record<keyof Optional, string | null>>): Optional {
  return { ...(title === null ? {} : { title }), ...(host === null ? {} : { host }) };
}
