import * as z from 'zod/mini';
import type { StepId } from './ids.ts';
import type { Json } from './json.ts';
import { lazy } from './lazy.ts';

/**
 * Statuses of a change. `intended`: durable, and perhaps on the host; `applied`: read back from the host; `reverted`: undone by wf;
 * `gone`: vanished by itself; `kept`: stays by design; `stuck`: could not be undone.
 */
export const CHANGE_STATUSES = ['intended', 'applied', 'reverted', 'gone', 'kept', 'stuck'] as const;
export type ChangeStatus = (typeof CHANGE_STATUSES)[number];

/** One alteration of the host, as the ledger records it. */
export interface Change {
  /** Position in the ledger, from 1. */
  readonly seq: number;
  readonly step: StepId;
  /** The step runner that made it and undoes it. */
  readonly kind: string;
  /** The altered object, for people: `network devops`, `address 172.18.0.100/16 on eth1 in AppProd`. */
  readonly target: string;
  /** `meta.title` of the state whose step made it; absent if it has none. */
  readonly title?: string;
  /** The named host that was altered, whose name begins the target; absent for the run's own. */
  readonly host?: string;
  /** Identity, previous state, and all that undoing needs; the step runner defines its shape. */
  readonly record: Json;
  /** Command lines that undo it by hand. */
  readonly undo: readonly string[];
  readonly status: ChangeStatus;
  /** Why it has this status; null if that is obvious. */
  readonly reason: string | null;
  /** The boot during which it was intended: a reboot removes links and namespaces. */
  readonly bootId: string;
}

/** Whether a change may be on the host and is not meant to stay. */
export function needsUndo(change: Change): boolean {
  return change.status === 'intended' || change.status === 'applied' || change.status === 'stuck';
}

/** Whether a change may be on the host, meant to stay or not. */
export function isInPlace(change: Change): boolean {
  return needsUndo(change) || change.status === 'kept';
}

/** Returns the changes that need undoing, in the order of undoing: newest first. */
export function undoOrder(changes: readonly Change[]): readonly Change[] {
  return changes.filter(needsUndo).sort((a, b) => b.seq - a.seq);
}

/** Returns the changes that a rollback undoes: those that need it, and the kept ones that it was asked for. */
export function changesToUndo(changes: readonly Change[], kept: readonly number[]): readonly Change[] {
  return changes.filter((change) => needsUndo(change) || (change.status === 'kept' && kept.includes(change.seq)));
}

/** Returns the command lines that undo these changes by hand, in the order in which to type them. */
export function undoByHand(changes: readonly Change[]): readonly string[] {
  return undoOrder(changes).flatMap(({ undo }) => undo);
}

/** A difference between two fingerprints, and its owner. */
export const differenceSchema = lazy(() =>
  z.object({
    /** The object that differs: `link int_hote`, `route default via ... table main`, `container AppDev`. */
    subject: z.string(),
    /** `added`, `removed` or `altered` since the earlier fingerprint. */
    difference: z.enum(['added', 'removed', 'altered']),
    before: z.nullable(z.string()),
    after: z.nullable(z.string()),
    /** The run itself, Docker, somebody else; `unknown` if nobody accounts for it. */
    owner: z.enum(['run', 'docker', 'other', 'unknown']),
    /** Why it has this owner. */
    reason: z.string(),
  }),
);
export type Difference = Readonly<z.infer<ReturnType<typeof differenceSchema>>>;

/** A facet of the host, or an object on it, that a verification could not compare. */
const notComparedSchema = lazy(() =>
  z.object({
    /** `qdiscs`, `link veth3f2a`. */
    subject: z.string(),
    /** Why: it could not be read, or kept changing. */
    reason: z.string(),
  }),
);
export type NotCompared = Readonly<z.infer<ReturnType<typeof notComparedSchema>>>;

/** The result of comparing the host at the end of a run with its state before the first change. */
export const verificationSchema = lazy(() => {
  const differences = (description: string) => z.array(differenceSchema()).check(z.describe(description));
  return z.object({
    restored: z
      .boolean()
      .check(z.describe("whether every change is settled and no difference is the run's or unexplained")),
    residues: differences('differences that the run left'),
    unexplained: differences('differences that nobody accounts for, after a step that may have altered anything'),
    drift: differences('differences that Docker or somebody else made meanwhile'),
    notCompared: z.array(notComparedSchema()).check(z.describe('objects that could not be compared, before or after')),
  });
});
export type Verification = Readonly<z.infer<ReturnType<typeof verificationSchema>>>;
