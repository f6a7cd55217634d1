import * as z from 'zod';
import type { FindingRecord } from '../../review/record/finding-record.ts';
import { isoTime } from '../../review/record/iso-time.ts';
import { findingSchema } from '../api/schemas/finding.ts';
import type { UiContext } from '../server/ui-context.ts';

/** The findings of `wf doctor` at one moment. */
export interface DoctorView {
  readonly readAt: string;
  readonly findings: readonly FindingRecord[];
}

/** The checks of one server. */
interface Readings {
  last?: DoctorView;
  /** The check that is under way. */
  running?: Promise<DoctorView>;
}

const readings = new WeakMap<UiContext, Readings>();

const findingsSchema = z.array(findingSchema);

/**
 * Returns what `wf doctor` finds, which takes some seconds: the last findings of this server if they are newer than `after`. All callers
 * share one process at a time.
 * @throws WfError like the command
 */
export function doctorView(context: UiContext, after: string | undefined): Promise<DoctorView> {
  const own = readings.get(context) ?? {};
  readings.set(context, own);
  const { last } = own;
  if (last !== undefined && (after === undefined || last.readAt > after)) return Promise.resolve(last);
  own.running ??= readDoctor(context)
    .then((view) => {
      own.last = view;
      return view;
    })
    .finally(() => {
      delete own.running;
    });
  return own.running;
}

async function readDoctor({ commands, clock }: UiContext): Promise<DoctorView> {
  const { document } = await commands.read(['doctor']);
  return { readAt: isoTime(clock.now()), findings: findingsSchema.parse(document) };
}
