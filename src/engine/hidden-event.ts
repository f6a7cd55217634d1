import type { Change, Difference, Verification } from './change.ts';
import type { ErrorRecord } from './errors.ts';
import { boundedEvidence, type Evidence } from './evidence.ts';
import type { JournalEvent } from './journal-event.ts';
import { NO_SECRETS, type Secrets } from './secrets.ts';
import type { ProofsTold } from './workflow.ts';

/**
 * An event as it may be kept. Names of wf's own (ids, kinds, digests) are left as they are, whatever a secret says; and so is what
 * was decided: a machine is given nothing but what was hidden before.
 */
export function hiddenEvent(event: JournalEvent, secrets: Secrets): JournalEvent {
  if (secrets === NO_SECRETS) return event;
  switch (event.type) {
    case 'step.succeeded':
      return { ...event, output: secrets.hide(event.output) };
    case 'step.retrying':
    case 'step.failed':
      return { ...event, error: hiddenRecord(event.error, secrets) };
    case 'change.intended':
      return { ...event, change: hiddenChange(event.change, secrets) };
    case 'change.applied':
      return {
        ...event,
        target: secrets.hideText(event.target),
        record: secrets.hide(event.record),
        undo: event.undo.map(secrets.hideText),
      };
    case 'change.settled':
      return { ...event, reason: hiddenOrNull(event.reason, secrets) };
    case 'verified':
      return { ...event, verification: hiddenVerification(event.verification, secrets) };
    case 'rolling-back':
      return { ...event, error: event.error === null ? null : hiddenRecord(event.error, secrets) };
    case 'ended':
      if (event.status !== 'succeeded') return { ...event, error: hiddenRecord(event.error, secrets) };
      return {
        ...event,
        output: secrets.hide(event.output),
        ...(event.proofs === undefined ? {} : { proofs: hiddenProofs(event.proofs, secrets) }),
      };
    default:
      return event;
  }
}

/** Evidence as it is kept. Hidden before it is cut: what is left of a secret could not be told any more. */
export function keptEvidence(seen: Evidence, secrets: Secrets): Evidence {
  return boundedEvidence(hiddenEvidence(seen, secrets));
}

export function hiddenEvidence<Seen extends Evidence>(seen: Seen, secrets: Secrets): Seen {
  const { missing, hideText } = secrets;
  const output =
    missing.length === 0
      ? hideText(seen.output)
      : `[not kept: the secret input ${missing.join(', ')} could be in it, whose value was not given]`;
  return { ...seen, command: hideText(seen.command), output };
}

export function hiddenVerification(verification: Verification, secrets: Secrets): Verification {
  const hidden = (all: readonly Difference[]) =>
    all.map((one) => ({
      ...one,
      subject: secrets.hideText(one.subject),
      before: hiddenOrNull(one.before, secrets),
      after: hiddenOrNull(one.after, secrets),
      reason: secrets.hideText(one.reason),
    }));
  return {
    ...verification,
    residues: hidden(verification.residues),
    unexplained: hidden(verification.unexplained),
    drift: hidden(verification.drift),
    notCompared: verification.notCompared.map(({ subject, reason }) => ({
      subject: secrets.hideText(subject),
      reason: secrets.hideText(reason),
    })),
  };
}

function hiddenChange(change: Change, secrets: Secrets): Change {
  return {
    ...change,
    target: secrets.hideText(change.target),
    record: secrets.hide(change.record),
    undo: change.undo.map(secrets.hideText),
    reason: hiddenOrNull(change.reason, secrets),
  };
}

function hiddenProofs(told: ProofsTold, { hideText }: Secrets): ProofsTold {
  if (told.type === 'untold') return { ...told, reason: hideText(told.reason) };
  const proofs = told.proofs.map(({ claim, figures }) => ({ claim: hideText(claim), figures: hideText(figures) }));
  return { ...told, proofs };
}

function hiddenRecord({ code, message, hint }: ErrorRecord, secrets: Secrets): ErrorRecord {
  return { code, message: secrets.hideText(message), hint: secrets.hideText(hint) };
}

function hiddenOrNull(text: string | null, secrets: Secrets): string | null {
  return text === null ? null : secrets.hideText(text);
}
