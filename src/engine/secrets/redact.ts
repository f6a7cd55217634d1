import type { Change, Difference, Verification } from '../model/change.ts';
import type { ErrorRecord } from '../model/errors.ts';
import { boundedEvidence, type Evidence } from '../model/evidence.ts';
import type { JournalEvent } from '../model/journal-event.ts';
import type { RecordedProofs } from '../workflow/workflow.ts';
import { NO_SECRETS, type Secrets } from './secrets.ts';

/**
 * Returns an event as it may be stored. wf's own names (ids, kinds, digests) stay as they are, even if they contain a secret's text;
 * so do decisions, since a machine is given redacted values only.
 */
export function redactedEvent(event: JournalEvent, secrets: Secrets): JournalEvent {
  if (secrets === NO_SECRETS) return event;
  switch (event.type) {
    case 'step.succeeded':
      return { ...event, output: secrets.redact(event.output) };
    case 'step.retrying':
    case 'step.failed':
      return { ...event, error: redactedRecord(event.error, secrets) };
    case 'change.intended':
      return { ...event, change: redactedChange(event.change, secrets) };
    case 'change.applied':
      return {
        ...event,
        target: secrets.redactText(event.target),
        record: secrets.redact(event.record),
        undo: event.undo.map(secrets.redactText),
      };
    case 'change.settled':
      return { ...event, reason: redactedOrNull(event.reason, secrets) };
    case 'verified':
      return { ...event, verification: redactedVerification(event.verification, secrets) };
    case 'rolling-back':
      return { ...event, error: event.error === null ? null : redactedRecord(event.error, secrets) };
    case 'ended':
      if (event.status !== 'succeeded') return { ...event, error: redactedRecord(event.error, secrets) };
      return {
        ...event,
        output: secrets.redact(event.output),
        ...(event.proofs === undefined ? {} : { proofs: redactedProofs(event.proofs, secrets) }),
      };
    default:
      return event;
  }
}

/** Returns evidence as it is stored. It is redacted before it is cut: the rest of a cut secret could not be recognised. */
export function storedEvidenceOf(seen: Evidence, secrets: Secrets): Evidence {
  return boundedEvidence(redactedEvidence(seen, secrets));
}

export function redactedEvidence<Seen extends Evidence>(seen: Seen, secrets: Secrets): Seen {
  const { missing, redactText } = secrets;
  const output =
    missing.length === 0
      ? redactText(seen.output)
      : `[not kept: the secret input ${missing.join(', ')} could be in it, whose value was not given]`;
  return { ...seen, command: redactText(seen.command), output };
}

export function redactedVerification(verification: Verification, secrets: Secrets): Verification {
  const hidden = (all: readonly Difference[]) =>
    all.map((one) => ({
      ...one,
      subject: secrets.redactText(one.subject),
      before: redactedOrNull(one.before, secrets),
      after: redactedOrNull(one.after, secrets),
      reason: secrets.redactText(one.reason),
    }));
  return {
    ...verification,
    residues: hidden(verification.residues),
    unexplained: hidden(verification.unexplained),
    drift: hidden(verification.drift),
    notCompared: verification.notCompared.map(({ subject, reason }) => ({
      subject: secrets.redactText(subject),
      reason: secrets.redactText(reason),
    })),
  };
}

function redactedChange(change: Change, secrets: Secrets): Change {
  return {
    ...change,
    target: secrets.redactText(change.target),
    record: secrets.redact(change.record),
    undo: change.undo.map(secrets.redactText),
    reason: redactedOrNull(change.reason, secrets),
  };
}

function redactedProofs(told: RecordedProofs, { redactText }: Secrets): RecordedProofs {
  if (told.type === 'untold') return { ...told, reason: redactText(told.reason) };
  const proofs = told.proofs.map(({ claim, figures }) => ({ claim: redactText(claim), figures: redactText(figures) }));
  return { ...told, proofs };
}

function redactedRecord({ code, message, hint }: ErrorRecord, secrets: Secrets): ErrorRecord {
  return { code, message: secrets.redactText(message), hint: secrets.redactText(hint) };
}

function redactedOrNull(text: string | null, secrets: Secrets): string | null {
  return text === null ? null : secrets.redactText(text);
}
