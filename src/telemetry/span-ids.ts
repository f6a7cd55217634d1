import { sha256 } from '../engine/model/digest.ts';
import type { RunHeader } from '../engine/model/journal-event.ts';

/** The ids of the spans of one run. */
export interface SpanIds {
  /** Sixteen bytes in hex. */
  readonly trace: string;
  readonly root: string;
  /** Returns the id of the span that began with the journal entry `seq`. */
  of(what: 'turn' | 'step' | 'attempt', seq: number, step?: string): string;
}

/** Derives the ids from the run: each process that advances it continues the same trace, and a span that is sent twice has the same id. */
export function spanIdsOf({ id, createdAt }: Pick<RunHeader, 'id' | 'createdAt'>): SpanIds {
  const run = `${id} ${createdAt}`;
  const spanId = (what: string) => sha256(`${run} ${what}`).slice(0, 16);
  return {
    trace: sha256(run).slice(0, 32),
    root: spanId('run'),
    of: (what, seq, step = '') => spanId(`${what} ${seq} ${step}`),
  };
}
