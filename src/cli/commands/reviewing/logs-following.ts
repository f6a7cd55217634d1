import type { StepId } from '../../../engine/model/ids.ts';
import type { JournalEntry } from '../../../engine/model/journal-event.ts';
import type { StoredEvidence } from '../../../engine/ports/history.ts';
import { findSteps } from '../../../review/query/find-step.ts';
import { isOfRollback } from '../../../review/record/evidence-record.ts';
import { invokeIdsOf, stageNamesOf } from '../../../review/record/run-material.ts';
import { createTranscript, type TranscriptStep } from '../../../review/text/run/transcript.ts';
import type { FoundRun } from '../../arguments/find-run.ts';
import { type FollowEnd, followJournal, stoppedFollowing } from '../../follow/follow-journal.ts';
import { type Terminal, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

/** `wf logs RUN [STEP] --follow`: prints the commands of a run as they arrive. With `json`, prints one document at the end. */
export async function followLogs(
  { history, run }: FoundRun,
  only: string | undefined,
  json: boolean,
  services: Services,
  terminal: Terminal,
): Promise<FollowEnd> {
  const { out, progress } = terminal;
  const definition = history.definition(run.definitionHash);
  // Accepts a step that has not begun yet.
  const known = [
    ...history.steps(run.id),
    ...invokeIdsOf(definition).map((id) => ({ id, stage: '' })),
    ...stageNamesOf(definition).map((stage) => ({ id: '', stage })),
  ];
  if (only !== undefined) findSteps(known, only, run.id);
  const transcript = createTranscript(out.style);
  const steps = new Map<StepId, TranscriptStep>();
  const isWanted = (step: StepId) => only === undefined || only === step || only === steps.get(step)?.stage;
  let seen = 0;

  function print(entries: readonly JournalEntry[]): void {
    // Read after the journal, so that the evidence of its entries is present.
    const evidence = history.evidence(run.id, undefined, seen);
    seen += evidence.length;
    const unprinted = new Set(evidence);
    const printCommand = (item: StoredEvidence) => {
      unprinted.delete(item);
      if (isWanted(item.step)) writeLines(out, transcript.command(steps.get(item.step), item));
    };
    const byStep = groupedByStep(evidence.filter((item) => !isOfRollback(item)));
    for (const { event } of entries) {
      switch (event.type) {
        case 'decided':
          for (const effect of event.effects)
            if (effect.type === 'start-step') steps.set(effect.step, { ...effect, id: effect.step });
          break;
        case 'step.succeeded':
        case 'step.stopped':
        case 'step.retrying':
        case 'step.failed': {
          const own = byStep.get(event.step) ?? [];
          own.filter((item) => item.attempt <= event.attempt && unprinted.has(item)).forEach(printCommand);
          const step = steps.get(event.step);
          if (!('error' in event) || step === undefined || !isWanted(step.id)) break;
          const failed = event.type === 'step.retrying' ? event.attempt : null;
          writeLines(out, transcript.failure(step, event.error, failed));
          break;
        }
        default:
      }
    }
    [...unprinted].forEach(printCommand);
  }

  const end = await followJournal(history, run.id, services, terminal, json ? () => {} : print);
  writeLines(progress, [end.type === 'unowned' ? `run ${run.id} ${end.status}` : stoppedFollowing(run.id)]);
  return end;
}

function groupedByStep(evidence: readonly StoredEvidence[]): ReadonlyMap<StepId, readonly StoredEvidence[]> {
  const groups = new Map<StepId, StoredEvidence[]>();
  for (const item of evidence) {
    const group = groups.get(item.step);
    if (group === undefined) groups.set(item.step, [item]);
    else group.push(item);
  }
  return groups;
}
