import type { JournalEntry } from '../../engine/journal-event.ts';
import type { Progress, StepProgress } from '../progress.ts';
import { durationText } from './duration.ts';
import { oneLine } from './plain-text.ts';
import type { TextStyle } from './text-style.ts';
import { verificationWords } from './verification-text.ts';

const GAP = '  ';

/**
 * The line by which a run without a live view tells of a journal entry; undefined for most of them.
 * `progress` is what the journal comes to with this entry.
 */
export function progressLine(progress: Progress, { event, at }: JournalEntry, style: TextStyle): string | undefined {
  const { colors } = style;
  switch (event.type) {
    case 'step.succeeded':
      return stepLine(progress.steps.get(event.step), colors.green('ok'));
    case 'step.stopped':
      return stepLine(progress.steps.get(event.step), colors.dim('stopped'));
    case 'step.failed':
      return stepLine(
        progress.steps.get(event.step),
        colors.red('failed'),
        `${event.error.code}: ${oneLine(event.error.message)}`,
      );
    case 'step.retrying': {
      const again = `tried again in ${durationText(event.retryAt - at)}`;
      const why = `${event.error.code}: ${oneLine(event.error.message)}`;
      return stepLine(progress.steps.get(event.step), colors.yellow(`attempt ${event.attempt} failed`), again, why);
    }
    case 'rolling-back':
      return colors.yellow('rolling back');
    case 'change.settled': {
      if (progress.phase !== 'rolling-back') return undefined;
      const change = progress.changes.get(event.seq);
      const why = event.reason === null ? [] : [oneLine(event.reason)];
      return ['rollback', oneLine(change?.target ?? ''), event.status, ...why].join(GAP);
    }
    case 'verified':
      return `host: ${verificationWords(event.verification)}`;
    default:
      return undefined;
  }
}

function stepLine(step: StepProgress | undefined, outcome: string, ...more: readonly string[]): string | undefined {
  if (step === undefined) return undefined;
  const took = step.finishedAt === null ? [] : [durationText(step.finishedAt - step.startedAt)];
  return [step.stage, step.id, step.kind, outcome, ...took, ...more].join(GAP);
}
