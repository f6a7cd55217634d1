import type { BootDeadline } from '../../engine/confirm/boot-deadline.ts';
import type { StepId } from '../../engine/model/ids.ts';
import type { Guard, JournalEntry, JournalEvent } from '../../engine/model/journal-event.ts';
import { changeName } from '../changes/change-name.ts';
import { advancedMs } from '../timeline/idle-time.ts';
import type { Progress } from '../timeline/progress.ts';
import { durationText, momentText } from './format/duration.ts';
import { oneLine } from './format/plain-text.ts';
import type { TextStyle } from './format/text-style.ts';
import { verificationWords } from './run/verification-text.ts';

const GAP = '  ';

/**
 * Returns the line for a journal entry of a run without a live view; undefined for most entries.
 * @param progress after this entry
 */
export function progressLine(progress: Progress, { event, at }: JournalEntry, style: TextStyle): string | undefined {
  const { colors } = style;
  switch (event.type) {
    case 'lease.taken': {
      if (event.purpose !== 'resume') return undefined;
      const period = progress.idle.findLast(({ to }) => to === at);
      const after = period === undefined ? '' : ` after ${durationText(period.to - period.from)}`;
      return colors.cyan(`resumed by process ${event.owner.pid}${after}`);
    }
    case 'definition.accepted':
      return `resumed under the definition ${event.definitionHash.slice(0, 12)}`;
    case 'retried':
      return colors.cyan(retriedWords(event));
    case 'waiting':
      return event.events.length === 0 ? undefined : colors.cyan(waitingWords(event));
    case 'armed':
      return guardWords(event.guard);
    case 'unconfirmed':
    case 'extended':
      return colors.yellow(unconfirmedWords(event.deadline));
    case 'paused':
      return colors.cyan(pausedWords(event.stage));
    case 'interrupted':
      return colors.yellow(`interrupted by ${oneLine(event.signal)}`);
    case 'step.succeeded':
      return stepLine(progress, event.step, colors.green('ok'));
    case 'step.stopped':
      return stepLine(progress, event.step, colors.dim('stopped'));
    case 'step.failed':
      return stepLine(
        progress,
        event.step,
        colors.red('failed'),
        `${event.error.code}: ${oneLine(event.error.message)}`,
      );
    case 'step.retrying': {
      const again = `retry in ${durationText(event.retryAt - at)}`;
      const why = `${event.error.code}: ${oneLine(event.error.message)}`;
      return stepLine(progress, event.step, colors.yellow(`attempt ${event.attempt} failed`), again, why);
    }
    case 'rolling-back':
      return colors.yellow('rolling back');
    case 'change.settled': {
      if (progress.phase !== 'rolling-back') return undefined;
      const change = progress.changes.get(event.seq);
      const why = event.reason === null ? [] : [oneLine(event.reason)];
      return ['rollback', oneLine(change === undefined ? '' : changeName(change)), event.status, ...why].join(GAP);
    }
    case 'verified':
      return `host: ${verificationWords(event.verification)}`;
    default:
      return undefined;
  }
}

/** Returns the guard of a run that has to be confirmed, and what it does not cover. */
function guardWords(guard: Guard): string {
  switch (guard.type) {
    case 'unit':
      return `guard: ${oneLine(guard.name)}`;
    case 'process':
      return `guard: process ${guard.process.pid}, which does not outlive a reboot, nor a session whose processes are ended (${oneLine(guard.reason)})`;
    case 'none':
      return 'guard: none; nothing takes the change back if this process ends';
  }
}

function unconfirmedWords({ at }: BootDeadline): string {
  return `not confirmed yet: undone at ${momentText(at)}`;
}

/** Returns `paused after vethSplice`. */
export function pausedWords(stage: string | null): string {
  return stage === null ? 'paused on request' : `paused after ${oneLine(stage)}`;
}

/** Returns `continued from step deploy`. */
export function retriedWords({ effects }: Extract<JournalEvent, { type: 'retried' }>): string {
  const steps = effects.flatMap((effect) => (effect.type === 'start-step' ? [oneLine(effect.step)] : []));
  return `continued from ${steps.length === 0 ? 'its last state' : `step ${steps.join(', ')}`}`;
}

function waitingWords({ events, ask }: Extract<JournalEvent, { type: 'waiting' }>): string {
  const question = ask === undefined ? '' : `: ${oneLine(ask.title)}`;
  return `waiting for the event ${events.map(oneLine).join(' or ')}${question}`;
}

function stepLine(
  { steps, idle }: Progress,
  id: StepId,
  outcome: string,
  ...more: readonly string[]
): string | undefined {
  const step = steps.get(id);
  if (step === undefined) return undefined;
  const took = step.finishedAt === null ? [] : [durationText(advancedMs(step.startedAt, step.finishedAt, idle))];
  return [oneLine(step.stage), oneLine(step.id), oneLine(step.kind), outcome, ...took, ...more].join(GAP);
}
