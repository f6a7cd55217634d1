import { asStepId, invokeOf, type StepId } from '../../engine/model/ids.ts';
import { onHostName } from '../../engine/model/on-host-name.ts';
import type { StoredEvidence } from '../../engine/ports/history.ts';
import type { Drawing } from '../../engine/workflow/narrative.ts';
import { isOfRollback } from '../record/evidence-record.ts';
import type { StepRecord } from '../record/run-record.ts';
import { interruptedAttempts } from '../record/steps/interrupted-attempts.ts';
import type { StageRecord } from '../record/steps/stage-record.ts';
import { type Block, code, outputText, plain, prose, type Section, strong, type Text } from './document.ts';
import { sanitizedDrawing } from './drawing/sanitize-drawing.ts';
import { colon, errorTexts } from './error-texts.ts';
import { narrativeOf, type ReportSource } from './report-source.ts';
import type { ReportWords } from './words.ts';

/** Returns a section for each stage: its explanation, its steps with their commands, and its drawings. */
export function stageSections(source: ReportSource, words: ReportWords): readonly Section[] {
  return source.record.stages.map((stage, index) => stageSection(stage, index + 1, source, words));
}

function stageSection(stage: StageRecord, number: number, source: ReportSource, words: ReportWords): Section {
  const narrative = narrativeOf(source);
  const chapter = narrative?.stages[stage.name];
  const steps = source.record.steps.filter((step) => step.stage === stage.name);
  const reached = stage.status !== 'skipped' && (stage.status !== 'pending' || steps.some(hasBegun));
  const title = plain(words.stage(number, chapter?.title ?? stage.name));
  const facts = [code(stage.name), strong(words.stageStatus[stage.status]), ...durationTexts(stage.durationMs, words)];
  if (!reached) {
    return {
      title,
      blocks: [
        joined(facts),
        { type: 'paragraph', text: plain(stage.status === 'pending' ? words.notReachedYet : words.notReached) },
      ],
      sections: [],
    };
  }
  const notice = chapter?.notice ?? [];
  const drawings = (narrative?.drawings ?? []).filter((drawing) => drawing.stage === stage.name);
  return {
    title,
    blocks: [
      joined(facts),
      ...(chapter?.text ?? []).map((text): Block => ({ type: 'paragraph', text: prose(text) })),
      ...(notice.length === 0 ? [] : [{ type: 'list', title: words.notice, items: notice.map(prose) } as const]),
      ...(steps.length === 0 ? [{ type: 'paragraph', text: plain(words.noSteps) } as const] : []),
    ],
    sections: [...steps.map((step) => stepSection(step, source, words)), ...drawings.map(drawingSection)],
  };
}

function hasBegun({ status }: StepRecord): boolean {
  return status !== 'pending';
}

export function drawingSection(drawing: Drawing): Section {
  return {
    title: prose(drawing.title),
    blocks: [{ type: 'drawing', drawing: sanitizedDrawing(drawing) }],
    sections: [],
  };
}

function stepSection(step: StepRecord, source: ReportSource, words: ReportWords): Section {
  const own = source.evidence.filter((item) => item.step === step.id && !isOfRollback(item));
  const attempts = Array.from({ length: Math.max(1, step.attempts) }, (_, index) => index + 1);
  const several = attempts.length > 1;
  const endings = attemptEndings(step, source, words);
  const blocks = attempts.flatMap((attempt): readonly Block[] => [
    ...(several ? [{ type: 'paragraph', text: strong(words.attempt(attempt)) } as const] : []),
    ...own.filter((item) => item.attempt === attempt).map((item) => commandBlock(item, words)),
    ...(endings.get(attempt) ?? []),
  ]);
  const facts = [
    code(step.id),
    code(onHostName(step.host, step.kind)),
    strong(words.stepStatus[step.status]),
    ...durationTexts(step.durationMs, words),
  ];
  const nothing: readonly Block[] =
    own.length === 0 && step.error === null ? [{ type: 'paragraph', text: plain(words.noCommands) }] : [];
  return { title: stepTitle(step.id, source), blocks: [joined(facts), ...blocks, ...nothing], sections: [] };
}

/** Returns the errors of the attempts of a step that did not succeed. */
function attemptEndings(
  step: StepRecord,
  { material, record }: ReportSource,
  words: ReportWords,
): ReadonlyMap<number, readonly Block[]> {
  const endings = new Map<number, readonly Block[]>();
  const add = (attempt: number, title: string, lines: readonly Text[]) =>
    endings.set(attempt, [...(endings.get(attempt) ?? []), { type: 'alert', title, lines }]);
  for (const { event } of material.journal) {
    if ((event.type === 'step.retrying' || event.type === 'step.failed') && event.step === step.id) {
      add(event.attempt, words.attemptFailed(event.attempt), errorTexts(event.error, words));
    }
  }
  for (const attempt of interruptedAttempts(material.journal, record.status).get(asStepId(step.id)) ?? []) {
    add(attempt, words.attemptInterrupted(attempt), []);
  }
  return endings;
}

/** Returns the commands of the rollback, in order; empty if nothing was rolled back. */
export function rollbackSection(source: ReportSource, words: ReportWords): readonly Section[] {
  const undone = source.evidence.filter(isOfRollback);
  if (undone.length === 0) return [];
  const steps: readonly StepId[] = [...new Set(undone.map((item) => item.step))];
  return [
    {
      title: plain(words.rollback),
      blocks: [{ type: 'paragraph', text: plain(words.rollbackText) }],
      sections: steps.map((id) => ({
        title: [...plain(words.undoing), ...colon(words), ...stepTitle(id, source)],
        blocks: [
          joined([code(id)]),
          ...undone.filter((item) => item.step === id).map((item) => commandBlock(item, words)),
        ],
        sections: [],
      })),
    },
  ];
}

function stepTitle(id: string, source: ReportSource): Text {
  const text = narrativeOf(source)?.steps?.[invokeOf(id)];
  return text === undefined ? code(id) : prose(text);
}

function commandBlock({ command, output, exitCode, durationMs }: StoredEvidence, words: ReportWords): Block {
  const ending = `${words.exit(exitCode)}, ${words.duration(durationMs)}`;
  return { type: 'command', command: outputText(command), output: outputText(output), ending };
}

function durationTexts(durationMs: number | null, words: ReportWords): readonly Text[] {
  return durationMs === null ? [] : [plain(words.duration(durationMs))];
}

function joined(texts: readonly Text[]): Block {
  return { type: 'paragraph', text: texts.flatMap((text, index) => (index === 0 ? text : [...SEPARATOR, ...text])) };
}

const SEPARATOR: Text = [{ style: 'plain', text: ' · ', source: 'report' }];
