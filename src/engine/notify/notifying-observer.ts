import type { RunId } from '../model/ids.ts';
import type { JournalEntry } from '../model/journal-event.ts';
import type { Argv } from '../ports/command.ts';
import type { NotifierPort } from '../ports/notifier.ts';
import type { RunObserver } from '../run/engine.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { followNotices } from './follow-notices.ts';

interface Notified {
  readonly run: RunId;
  /** The command to notify; null or undefined if there is none. */
  readonly argv: Argv | null | undefined;
  /** The journal so far. */
  readonly entries: readonly JournalEntry[];
  readonly secrets: Secrets;
}

/** Returns an observer that also notifies people of what this process commits. */
export function notifyingObserver(
  notifier: NotifierPort,
  { run, argv, entries, secrets }: Notified,
  observer: RunObserver,
): RunObserver {
  if (argv === null || argv === undefined) return observer;
  const noticeOf = followNotices(entries);
  return {
    ...observer,
    committed(entry) {
      observer.committed?.(entry);
      const reason = noticeOf(entry);
      if (reason === undefined) return;
      notifier.send({ run, reason, argv, redact: secrets.redactText }, (error) =>
        observer.notNotified?.({ run, reason }, secrets.redactError(error)),
      );
    },
  };
}
