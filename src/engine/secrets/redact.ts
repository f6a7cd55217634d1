import type { Change, Difference, Verification } from '../model/change.ts';
import type { ErrorRecord } from '../model/errors.ts';
import { boundedEvidence, type Evidence } from '../model/evidence.ts';
import type { JournalEvent } from '../model/journal-event.ts';
import type { Proof, RecordedProofs } from '../workflow/workflow.ts';
import { NO_SECRETS, type Secrets } from './secrets.ts';

/**
 * Redacts an event for storage. wf's own names (ids, kinds, digests) stay unchanged, even if they contain the text of a secret; so do
 * decisions, since a machine only gets redacted values.
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
      return { ...event, error: redactedRecord(event.error, secrets) };
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

/** Redacts evidence, then cuts it to its limit: the rest of a cut secret could not be recognised. */
export function storedEvidenceOf(seen: Evidence, secrets: Secrets): Evidence {
  return boundedEvidence(redactedEvidence(seen, secrets));
}

export function redactedEvidence<Seen extends Evidence>(seen: Seen, secrets: Secrets): Seen {
  const { missing, redactText } = secrets;
  const output =
    missing.length === 0
      ? redactText(seen.output)
      : `[not stored: it may contain the secret input ${missing.join(', ')}, whose value is unknown here]`;
  return { ...seen, command: redactText(seen.command), output };
}

export function redactedVerification(verification: Verification, secrets: Secrets): Verification {
  const redactedAll = (all: readonly Difference[]) =>
    all.map((one) => ({
      ...one,
      subject: secrets.redactText(one.subject),
      before: redactedOrNull(one.before, secrets),
      after: redactedOrNull(one.after, secrets),
      reason: secrets.redactText(one.reason),
    }));
  return {
    ...verification,
    residues: redactedAll(verification.residues),
    unexplained: redactedAll(verification.unexplained),
    drift: redactedAll(verification.drift),
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

function redactedProofs(recorded: RecordedProofs, { redactText }: Secrets): RecordedProofs {
  if (recorded.type === 'unavailable') return { ...recorded, reason: redactText(recorded.reason) };
  const redact = ({ claim, figures }: Proof) => ({ claim: redactText(claim), figures: redactText(figures) });
  return { ...recorded, proofs: recorded.proofs.map(redact) };
}

function redactedRecord({ code, message, hint }: ErrorRecord, secrets: Secrets): ErrorRecord {
  return { code, message: secrets.redactText(message), hint: secrets.redactText(hint) };
}

function redactedOrNull(text: string | null, secrets: Secrets): string | null {
  return text === null ? null : secrets.redactText(text);
}
