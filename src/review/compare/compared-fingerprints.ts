import { z } from 'zod';
import type { JournalEntry, JournalEvent } from '../../engine/model/journal-event.ts';
import type { HistoryPort } from '../../engine/ports/history.ts';

/** A fingerprint that a run took. */
export interface TakenFingerprint {
  /** Its SHA-256; null if it could not be stored. */
  readonly hash: string | null;
  /** When it was taken, in milliseconds since the epoch. */
  readonly at: number;
}

/** A section of the fingerprints. */
export interface ComparedSection {
  readonly name: string;
  /** `read`, or why it could not be read; null if the fingerprint is unknown. */
  readonly before: string | null;
  readonly after: string | null;
  /** Number of its entries. */
  readonly entriesBefore: number | null;
  readonly entriesAfter: number | null;
}

/** The fingerprints that the verification of a run compared. */
export interface Comparison {
  readonly before: TakenFingerprint | null;
  readonly after: TakenFingerprint | null;
  /** Whether the two are equal; null if one of them is missing. */
  readonly equal: boolean | null;
  readonly sections: readonly ComparedSection[];
  /** Objects that fingerprints leave out. */
  readonly leftOut: readonly string[];
}

/** The shape of a fingerprint, as far as it is printed. */
const fingerprintSchema = z.object({
  leftOut: z.array(z.string()).default([]),
  sections: z.record(z.string(), z.object({ state: z.string(), entries: z.record(z.string(), z.json()) })),
});
type Read = z.output<typeof fingerprintSchema>;

/** Returns the fingerprints that the last verification of a run compared, without sections if a fingerprint has another shape. */
export function comparedFingerprints(
  journal: readonly JournalEntry[],
  history: Pick<HistoryPort, 'fingerprint'>,
): Comparison {
  const before = taken(journal, 'baseline.taken');
  const after = taken(journal, 'verified');
  const known = before !== null && after !== null && before.hash !== null && after.hash !== null;
  const [first, last] = [contentOf(before, history), contentOf(after, history)];
  const names = new Set([...Object.keys(first?.sections ?? {}), ...Object.keys(last?.sections ?? {})]);
  return {
    before,
    after,
    equal: known ? before.hash === after.hash : null,
    sections: [...names].map((name) => {
      const [was, is] = [first?.sections[name], last?.sections[name]];
      return {
        name,
        before: was?.state ?? null,
        after: is?.state ?? null,
        entriesBefore: was === undefined ? null : Object.keys(was.entries).length,
        entriesAfter: is === undefined ? null : Object.keys(is.entries).length,
      };
    }),
    leftOut: last?.leftOut ?? first?.leftOut ?? [],
  };
}

type Taking = Extract<JournalEvent, { readonly type: 'baseline.taken' | 'verified' }>['type'];

function taken(journal: readonly JournalEntry[], type: Taking): TakenFingerprint | null {
  const entry = journal.findLast(({ event }) => event.type === type);
  if (entry === undefined) return null;
  const { at, event } = entry;
  return 'fingerprint' in event ? { hash: event.fingerprint, at } : null;
}

function contentOf(fingerprint: TakenFingerprint | null, history: Pick<HistoryPort, 'fingerprint'>): Read | undefined {
  if (fingerprint === null || fingerprint.hash === null) return undefined;
  const parsed = fingerprintSchema.safeParse(history.fingerprint(fingerprint.hash));
  return parsed.success ? parsed.data : undefined;
}
