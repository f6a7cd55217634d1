import type { Owner } from '../../engine/model/identity/owner.ts';
import type { JournalEntry, JournalEvent } from '../../engine/model/journal-event.ts';
import type { RunStatus } from '../../engine/ports/history.ts';
import { requestRecords } from '../record/request-record.ts';
import type { RunMaterial } from '../record/run-material.ts';
import { isCleanStop, withoutRequests } from '../timeline/idle-time.ts';
import { durationText, momentText } from './format/duration.ts';
import { oneLine } from './format/plain-text.ts';
import type { TextStyle } from './format/text-style.ts';
import { pausedWords, retriedWords } from './progress-line.ts';
import { requestWords } from './request-text.ts';

type LeaseTaken = Extract<JournalEvent, { readonly type: 'lease.taken' }>;

interface LifecycleEntry {
  readonly at: number;
  readonly words: string;
}

/**
 * Returns the processes that advanced a run, its pauses and interruptions, and the requests of people. Empty for a run that a single
 * process advanced: the other lines have that.
 */
export function lifecycleLines(
  { run, journal: all }: Pick<RunMaterial, 'run' | 'journal'>,
  status: RunStatus,
  { colors }: TextStyle,
): readonly string[] {
  const journal = withoutRequests(all);
  const entries = journal.flatMap((_entry, index) => lifecycleAt(journal, index));
  const last = journal.at(-1);
  if (status === 'interrupted' && last !== undefined && !isCleanStop(last)) {
    const owner = ownerBefore(journal, journal.length);
    entries.push(run.importedFrom === null ? cutOff(last, owner) : exported(last, owner, run.importedFrom));
  }
  const requests = requestRecords(all).map((each) => ({ at: Date.parse(each.at), words: oneLine(requestWords(each)) }));
  const inOrder = [...entries, ...requests].sort((a, b) => a.at - b.at);
  return inOrder.length <= 1 ? [] : inOrder.map(({ at, words }) => `  ${colors.dim(momentText(at))}  ${words}`);
}

function lifecycleAt(journal: readonly JournalEntry[], index: number): readonly LifecycleEntry[] {
  const [previous, entry] = [journal[index - 1], journal[index]];
  if (entry === undefined) return [];
  const { at, event } = entry;
  switch (event.type) {
    case 'lease.taken': {
      const words = takenWords(event, previous === undefined ? undefined : at - previous.at);
      if (previous === undefined || isCleanStop(previous)) return [{ at, words }];
      return [cutOff(previous, ownerBefore(journal, index), event.owner), { at, words }];
    }
    case 'definition.accepted':
      return [{ at, words: `resumed under the definition ${event.definitionHash.slice(0, 12)}` }];
    case 'retried':
      return [{ at, words: retriedWords(event) }];
    case 'paused':
      return [{ at, words: pausedWords(event.stage) }];
    case 'interrupted':
      return [{ at, words: `interrupted by ${oneLine(event.signal)}` }];
    default:
      return [];
  }
}

function takenWords({ purpose, owner: { pid } }: LeaseTaken, afterMs: number | undefined): string {
  const after = afterMs === undefined ? '' : ` after ${durationText(afterMs)}`;
  switch (purpose) {
    case 'start':
      return `started by process ${pid}`;
    case 'resume':
      return `resumed by process ${pid}${after}`;
    case 'rollback':
      return `taken over by process ${pid} for a rollback${after}`;
  }
}

/** Returns the entry of an interruption, at the last event that the gone process journaled. */
function cutOff({ at }: JournalEntry, gone: Owner | undefined, next?: Owner): LifecycleEntry {
  const who = gone === undefined ? 'its process' : `process ${gone.pid}`;
  const restarted = gone !== undefined && next !== undefined && gone.bootId !== next.bootId;
  return { at, words: `interrupted: ${who} was gone${restarted ? ', the machine was restarted' : ''}` };
}

/** Returns the entry of an export while a process had the run: another machine cannot check whether that process was alive. */
function exported({ at }: JournalEntry, owner: Owner | undefined, machine: string): LifecycleEntry {
  const who = owner === undefined ? 'a process' : `process ${owner.pid}`;
  return { at, words: `${who} of ${oneLine(machine)} still had the run when it was exported` };
}

function ownerBefore(journal: readonly JournalEntry[], index: number): Owner | undefined {
  const taken = journal.slice(0, index).findLast(({ event }) => event.type === 'lease.taken')?.event;
  return taken?.type === 'lease.taken' ? taken.owner : undefined;
}
