import type { ChangeStatus, Difference } from '../../engine/model/change.ts';
import type { RunStatus } from '../../engine/ports/history.ts';
import type { ReportLanguage } from '../../engine/workflow/narrative.ts';
import type { RequestRecord } from '../record/request-record.ts';
import type { ShownStepStatus } from '../record/run-record.ts';
import type { StageStatus } from '../record/steps/stage-record.ts';
import { ENGLISH } from './words-english.ts';
import { FRENCH } from './words-french.ts';

/** The fixed texts of a report; journaled texts are not translated. */
export interface ReportWords {
  readonly language: ReportLanguage;
  /** The colon after a label, with its spaces. */
  readonly colon: string;
  readonly skipToContent: string;
  readonly contents: string;
  readonly run: string;
  readonly facts: Readonly<
    Record<
      | 'fact'
      | 'value'
      | 'workflow'
      | 'status'
      | 'imported'
      | 'retryOf'
      | 'retriedAs'
      | 'plan'
      | 'started'
      | 'took'
      | 'runtime'
      | 'definition',
      string
    >
  >;
  readonly inputs: string;
  readonly notYet: string;
  statusIs(status: RunStatus): string;
  readonly next: string;
  readonly notEnded: string;
  readonly noNarrative: string;
  readonly workflowChanged: string;
  readonly workflowUnavailable: string;
  readonly introduction: string;
  stage(number: number, title: string): string;
  readonly notReached: string;
  readonly notReachedYet: string;
  readonly noSteps: string;
  readonly notice: string;
  readonly noCommands: string;
  attempt(number: number): string;
  attemptFailed(number: number): string;
  attemptInterrupted(number: number): string;
  exit(code: number | null): string;
  duration(ms: number): string;
  readonly exhibits: string;
  readonly paths: Readonly<
    Record<'caption' | 'from' | 'to' | 'result' | 'seen' | 'open' | 'blocked' | 'unclear', string>
  >;
  readonly shows: Readonly<Record<'connected' | 'added', string>>;
  readonly rollback: string;
  readonly rollbackText: string;
  readonly undoing: string;
  readonly lifecycle: string;
  readonly moment: string;
  readonly event: string;
  readonly lifecycleEvents: {
    taken(purpose: 'start' | 'resume' | 'rollback', pid: number): string;
    cutOff(pid: number | null): string;
    /** For an imported run. */
    exported(pid: number | null): string;
    readonly accepted: string;
    /** @param steps those that begin again */
    retried(steps: readonly string[]): string;
    /** @param stage null if the run was paused on request */
    paused(stage: string | null): string;
    interrupted(signal: string): string;
    requested(request: RequestRecord): string;
  };
  readonly captions: Readonly<Record<'lifecycle' | 'results' | 'ledger', string>>;
  readonly results: string;
  readonly claim: string;
  readonly figures: string;
  readonly noResults: string;
  readonly noneDefined: string;
  readonly resultsUnknown: string;
  readonly verification: string;
  readonly verified: Readonly<Record<'never' | 'restored' | 'residue' | 'unexplained' | 'inPlace', string>>;
  readonly residues: string;
  readonly unexplained: string;
  readonly drift: string;
  readonly notCompared: string;
  readonly noResidues: string;
  readonly noUnexplained: string;
  readonly noDrift: string;
  readonly differences: Readonly<Record<'subject' | 'difference' | 'before' | 'after' | 'owner' | 'reason', string>>;
  readonly difference: Readonly<Record<Difference['difference'], string>>;
  readonly owner: Readonly<Record<Difference['owner'], string>>;
  readonly ledger: string;
  readonly ledgerText: string;
  readonly noChanges: string;
  readonly ledgerColumns: Readonly<Record<'seq' | 'target' | 'step' | 'status' | 'reason', string>>;
  readonly inPlace: string;
  readonly byHand: string;
  readonly runStatus: Readonly<Record<RunStatus, string>>;
  readonly stageStatus: Readonly<Record<StageStatus, string>>;
  readonly stepStatus: Readonly<Record<ShownStepStatus, string>>;
  readonly changeStatus: Readonly<Record<ChangeStatus, string>>;
  footer(run: string): string;
}

const WORDS: Readonly<Record<ReportLanguage, ReportWords>> = { en: ENGLISH, fr: FRENCH };

export function reportWords(language: ReportLanguage): ReportWords {
  return WORDS[language];
}
