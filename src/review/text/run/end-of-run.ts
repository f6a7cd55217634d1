import { onHostName } from '../../../engine/model/on-host-name.ts';
import { isEnd } from '../../../engine/ports/history.ts';
import { nextActions } from '../../actions/allowed-actions.ts';
import type { RunMaterial } from '../../record/run-material.ts';
import { runProofs } from '../../record/run-proofs.ts';
import type { RunRecord, StepRecord } from '../../record/run-record.ts';
import { failedStep } from '../../record/steps/failed-step.ts';
import { errorLines } from '../error-text.ts';
import { durationText } from '../format/duration.ts';
import { oneLine } from '../format/plain-text.ts';
import { statusPaint, type TextStyle } from '../format/text-style.ts';
import { suggestedCommand } from '../suggestion.ts';
import { ledgerWords, remainingLines } from './ledger-text.ts';
import { proofLines } from './proof-text.ts';
import { firstDifferenceLines, hostWords } from './verification-text.ts';
import { waitingLines } from './waiting-text.ts';

/** Returns the text at the end of `wf start`: proofs, state of the host, next commands. */
export function endOfRunLines(material: RunMaterial, record: RunRecord, style: TextStyle): readonly string[] {
  const { colors } = style;
  const proofs = runProofs(material.journal);
  const took = record.durationMs === null ? '' : ` in ${durationText(record.durationMs)}`;
  const title = `${colors.bold(record.workflow)} ${statusPaint(style, record.status)(record.status)}${took}`;
  return [
    `${title}  ${colors.dim(`run ${record.id}`)}`,
    ...failureLines(record, style),
    ...(proofs === undefined ? [] : proofLines(proofs, style)),
    ledgerWords(material.changes),
    ...hostLines(record),
    ...firstDifferenceLines(record.verification, record.id, style, '  '),
    ...remainingLines(material, style),
    ...waitingLines(record, style),
    nextLine(nextAfter(material, record), style),
  ];
}

/** Returns the next commands, in one line. */
export function nextLine(commands: readonly string[], style: TextStyle): string {
  return `next: ${commands.map((command) => suggestedCommand(command, style)).join('    ')}`;
}

function nextAfter(material: RunMaterial, { id, status }: RunRecord): readonly string[] {
  const actions = nextActions(material, status);
  return isEnd(status) || actions.length === 0 ? [...actions, `wf show ${id}`, `wf logs ${id}`] : actions;
}

/** Errors of a run that was rolled back on request. */
const ASKED_FOR: readonly string[] = ['E_ROLLED_BACK', 'E_INTERRUPTED'];

function failureLines({ error, steps }: RunRecord, style: TextStyle): readonly string[] {
  if (error === null) return [];
  if (ASKED_FOR.includes(error.code)) return [oneLine(error.message)];
  const failing = failedStep(steps, error);
  return [...(failing === undefined ? [] : [`failed at ${whereWords(failing)}`]), ...errorLines(error, style)];
}

function whereWords({ stage, id, kind, host, attempts }: StepRecord): string {
  return oneLine(`${stage} / ${id} (${onHostName(host, kind)})${attempts > 1 ? `, after ${attempts} attempts` : ''}`);
}

/** Returns nothing if the run made no change. */
function hostLines({ verification, changes }: RunRecord): readonly string[] {
  return verification === null && changes.length === 0 ? [] : [`host: ${hostWords(verification, changes)}`];
}
