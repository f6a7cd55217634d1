import {
  type Difference,
  type NotCompared,
  undoByHand,
  undoOrder,
  type Verification,
} from '../../engine/model/change.ts';
import type { JournalEntry } from '../../engine/model/journal-event.ts';
import { changeName } from '../changes/change-name.ts';
import { requestRecords } from '../record/request-record.ts';
import { runProofs } from '../record/run-proofs.ts';
import { momentText } from '../text/format/duration.ts';
import { isCleanStop, withoutRequests } from '../timeline/idle-time.ts';
import { type Block, code, journaled, plain, type Section, type Text } from './document.ts';
import { narrativeOf, type ReportSource } from './report-source.ts';
import type { ReportWords } from './words.ts';

/** Returns the proofs of the run, with their figures. */
export function resultsSection(source: ReportSource, words: ReportWords): Section {
  const translated = source.record.status === 'succeeded' ? narrativeOf(source)?.proofs : undefined;
  const found = runProofs(source.material.journal);
  const recorded = found?.type === 'reported' ? found.proofs : null;
  const rows = translated?.map(({ claim, figures }) => [plain(claim), plain(figures)]);
  const proofs = rows ?? recorded?.map(({ claim, figures }) => [journaled(claim), journaled(figures)]) ?? [];
  const block: Block =
    proofs.length === 0
      ? { type: 'paragraph', text: plain(noProofs(source, words)) }
      : { type: 'table', caption: words.captions.results, columns: [words.claim, words.figures], rows: proofs };
  return { title: plain(words.results), blocks: [block], sections: [] };
}

function noProofs({ material, record }: ReportSource, words: ReportWords): string {
  if (record.status !== 'succeeded') return words.noResults;
  return runProofs(material.journal)?.type === 'unavailable' ? words.resultsUnknown : words.noneDefined;
}

/** Returns whether the host is restored, and the differences. */
export function verificationSection({ record: { verification } }: ReportSource, words: ReportWords): Section {
  const { verified } = words;
  const section = (outcome: string, blocks: readonly Block[] = []): Section => ({
    title: plain(words.verification),
    blocks: [{ type: 'paragraph', text: plain(outcome) }, ...blocks],
    sections: [],
  });
  if (verification === null) return section(verified.never);
  const { residues, unexplained, drift, notCompared } = verification;
  return section(outcomeOf(verification, verified), [
    differencesBlock(residues, words.residues, words.noResidues, words),
    differencesBlock(unexplained, words.unexplained, words.noUnexplained, words),
    differencesBlock(drift, words.drift, words.noDrift, words),
    ...(notCompared.length === 0 ? [] : [notComparedBlock(notCompared, words)]),
  ]);
}

function outcomeOf({ restored, residues, unexplained }: Verification, verified: ReportWords['verified']): string {
  if (restored) return verified.restored;
  if (residues.length > 0) return verified.residue;
  return unexplained.length > 0 ? verified.unexplained : verified.inPlace;
}

function notComparedBlock(notCompared: readonly NotCompared[], words: ReportWords): Block {
  const { subject, reason } = words.differences;
  return {
    type: 'table',
    caption: words.notCompared,
    columns: [subject, reason],
    rows: notCompared.map((one) => [code(one.subject), journaled(one.reason)]),
  };
}

function differencesBlock(
  differences: readonly Difference[],
  caption: string,
  none: string,
  words: ReportWords,
): Block {
  if (differences.length === 0) return { type: 'paragraph', text: plain(none) };
  const { subject, difference, before, after, owner, reason } = words.differences;
  return {
    type: 'table',
    caption,
    columns: [subject, difference, before, after, owner, reason],
    rows: differences.map((one) => [
      code(one.subject),
      plain(words.difference[one.difference]),
      orDash(one.before),
      orDash(one.after),
      plain(words.owner[one.owner]),
      journaled(one.reason),
    ]),
  };
}

function orDash(text: string | null): Text {
  return text === null ? plain('-') : code(text);
}

/** Returns every change, and the commands that undo those in place by hand. */
export function ledgerSection({ material: { changes } }: ReportSource, words: ReportWords): Section {
  const title = plain(words.ledger);
  if (changes.length === 0) {
    return { title, blocks: [{ type: 'paragraph', text: plain(words.noChanges) }], sections: [] };
  }
  const { seq, target, step, status, reason } = words.ledgerColumns;
  const table: Block = {
    type: 'table',
    caption: words.captions.ledger,
    columns: [seq, target, step, status, reason],
    rows: changes.map((change) => [
      plain(String(change.seq)),
      journaled(changeName(change)),
      code(change.step),
      plain(words.changeStatus[change.status]),
      change.reason === null ? plain('-') : journaled(change.reason),
    ]),
  };
  const remaining: readonly Block[] =
    undoOrder(changes).length === 0
      ? []
      : [
          {
            type: 'alert',
            title: words.inPlace,
            lines: [plain(words.byHand), ...undoByHand(changes).map((command) => code(command))],
          },
        ];
  return {
    title,
    blocks: [{ type: 'paragraph', text: plain(words.ledgerText) }, ...remaining, table],
    sections: [],
  };
}

/** Returns the processes that advanced the run, its pauses and interruptions, and the requests of people; empty for a single process. */
export function lifecycleSection(
  { material: { run, journal: all }, record }: ReportSource,
  words: ReportWords,
): readonly Section[] {
  const journal = withoutRequests(all);
  const processes = journal.flatMap((_entry, index) => lifecycleEvents(journal, index, words));
  const last = journal.at(-1);
  if (record.status === 'interrupted' && last !== undefined && !isCleanStop(last)) {
    const { cutOff, exported } = words.lifecycleEvents;
    processes.push([last.at, (run.importedFrom === null ? cutOff : exported)(lastPid(journal))]);
  }
  const requests = requestRecords(all).map(
    (request): LifecycleEvent => [Date.parse(request.at), words.lifecycleEvents.requested(request)],
  );
  const events = [...processes, ...requests].sort(([one], [other]) => one - other);
  if (events.length <= 1) return [];
  const rows = events.map(([at, what]) => [plain(momentText(at)), plain(what)]);
  const table: Block = { type: 'table', caption: words.captions.lifecycle, columns: [words.moment, words.event], rows };
  return [{ title: plain(words.lifecycle), blocks: [table], sections: [] }];
}

type LifecycleEvent = readonly [at: number, what: string];

function lifecycleEvents(
  journal: readonly JournalEntry[],
  index: number,
  { lifecycleEvents: events }: ReportWords,
): readonly LifecycleEvent[] {
  const [previous, entry] = [journal[index - 1], journal[index]];
  if (entry === undefined) return [];
  const { at, event } = entry;
  switch (event.type) {
    case 'lease.taken': {
      const taken: LifecycleEvent = [at, events.taken(event.purpose, event.owner.pid)];
      if (previous === undefined || isCleanStop(previous)) return [taken];
      return [[previous.at, events.cutOff(lastPid(journal.slice(0, index)))], taken];
    }
    case 'definition.accepted':
      return [[at, events.accepted]];
    case 'retried':
      return [
        [at, events.retried(event.effects.flatMap((effect) => (effect.type === 'start-step' ? [effect.step] : [])))],
      ];
    case 'paused':
      return [[at, events.paused(event.stage)]];
    case 'interrupted':
      return [[at, events.interrupted(event.signal)]];
    default:
      return [];
  }
}

function lastPid(journal: readonly JournalEntry[]): number | null {
  const taken = journal.findLast(({ event }) => event.type === 'lease.taken')?.event;
  return taken?.type === 'lease.taken' ? taken.owner.pid : null;
}
