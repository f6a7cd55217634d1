import type { RunId, StepId } from '../../engine/model/ids.ts';
import type { PlacedEvidence } from '../../history/overview.ts';
import type { HistoryReader } from '../../history/reader.ts';

/** Characters of output after which an answer ends: one command may have printed hundreds of thousands. */
const MOST_CHARACTERS = 4_000_000;
/** Pieces that are read at a time. */
const CHUNK = 20;

/** A part of the evidence of a run. */
export interface EvidencePart {
  readonly evidence: readonly PlacedEvidence[];
  /** Whether more may follow. */
  readonly hasMore: boolean;
}

/** Reads evidence of some steps, or of all (null), after a position: at most `limit` pieces, and fewer if they are long. */
export function evidencePart(
  history: Pick<HistoryReader, 'evidenceAfter'>,
  run: RunId,
  steps: readonly StepId[] | null,
  after: number,
  limit: number,
): EvidencePart {
  const found: PlacedEvidence[] = [];
  let length = 0;
  while (found.length < limit && length < MOST_CHARACTERS) {
    const asked = Math.min(CHUNK, limit - found.length);
    const chunk = history.evidenceAfter(run, steps, found.at(-1)?.ordinal ?? after, asked);
    found.push(...chunk);
    length += chunk.reduce((sum, { evidence }) => sum + evidence.output.length, 0);
    if (chunk.length < asked) return { evidence: found, hasMore: false };
  }
  const last = found.at(-1)?.ordinal ?? after;
  return { evidence: found, hasMore: history.evidenceAfter(run, steps, last, 1).length > 0 };
}
