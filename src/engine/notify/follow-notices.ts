import type { ErrorCode } from '../model/errors.ts';
import type { JournalEntry, RunEnd } from '../model/journal-event.ts';
import type { Json } from '../model/json.ts';
import type { NoticeReason } from '../ports/notifier.ts';

/** Errors of a run that somebody has ended on purpose. */
const ON_REQUEST: readonly ErrorCode[] = ['E_CANCELLED', 'E_ROLLED_BACK', 'E_INTERRUPTED'];

/**
 * Follows the journal of a run. Returns the reason for a notice of each entry that calls for one: the same in every process, so that a
 * run that is resumed repeats none.
 * @param earlier the entries so far
 */
export function followNotices(earlier: readonly JournalEntry[]): (entry: JournalEntry) => NoticeReason | undefined {
  const notices = new Notices();
  for (const entry of earlier) notices.follow(entry);
  return (entry) => notices.follow(entry);
}

class Notices {
  /** The last notice, while the run has not recovered. */
  #open: NoticeReason | undefined;
  /** Whether the run has ended since its start, or its last retry. */
  #hasEnded = false;
  #state: Json = null;
  /** The wait of the last notice, until somebody sends an event. */
  #wait: string | undefined;

  follow({ event }: JournalEntry): NoticeReason | undefined {
    switch (event.type) {
      case 'decided':
        this.#state = event.value;
        if (event.timer === undefined && event.event?.type.startsWith('xstate.') === false) this.#wait = undefined;
        return undefined;
      case 'retried':
        this.#state = event.value;
        this.#wait = undefined;
        this.#hasEnded = false;
        return undefined;
      case 'waiting': {
        const { events, ask } = event;
        if (events.length === 0 && ask === undefined) return undefined;
        // A run that polls, or is resumed, waits for the same again.
        const wait = JSON.stringify([this.#state, events, ask]);
        if (wait === this.#wait) return undefined;
        this.#wait = wait;
        return this.#noticed('waiting');
      }
      case 'unconfirmed':
        return this.#noticed('unconfirmed');
      case 'ended':
        return this.#ended(event);
      default:
        return undefined;
    }
  }

  #noticed(reason: NoticeReason): NoticeReason {
    this.#open = reason;
    return reason;
  }

  #ended(end: RunEnd): NoticeReason | undefined {
    const [before, isFirst] = [this.#open, !this.#hasEnded];
    this.#hasEnded = true;
    this.#open = undefined;
    if (end.status === 'needs-attention') return this.#noticed('needs-attention');
    if (isFirst && end.status !== 'succeeded' && !ON_REQUEST.includes(end.error.code)) {
      // Only a kept failure can recover: a rolled-back run is started anew as another one.
      return end.status === 'failed' ? this.#noticed('failed') : 'failed';
    }
    return before === undefined ? undefined : 'recovered';
  }
}
