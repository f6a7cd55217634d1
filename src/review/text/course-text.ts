import type { JournalEntry, JournalEvent } from '../../engine/model/journal-event.ts';
import type { Owner } from '../../engine/model/owner.ts';
import type { RunStatus } from '../../engine/ports/history.ts';
import type { RunMaterial } from '../record/run-material.ts';
import { durationText, momentText } from './format/duration.ts';
import { oneLine } from './format/plain-text.ts';
import type { TextStyle } from './format/text-style.ts';
import { pausedWords } from './progress-line.ts';

type LeaseTaken = Extract<JournalEvent, { readonly type: 'lease.taken' }>;

interface CourseEntry {
  readonly at: number;
  readonly words: string;
}

/** After these, a run that nobody advances was not cut off. */
const LETS_GO: readonly JournalEvent['type'][] = ['paused', 'interrupted', 'waiting', 'ended'];

/**
 * Which processes advanced a run, and where it paused or was cut off. Empty for a run that one process brought from its start
 * to its end: its other lines tell all.
 */
export function courseLines(
  { run, journal }: Pick<RunMaterial, 'run' | 'journal'>,
  status: RunStatus,
  { colors }: TextStyle,
): readonly string[] {
  const entries = journal.flatMap((_entry, index) => courseAt(journal, index));
  const last = journal.at(-1);
  if (status === 'interrupted' && last !== undefined && !LETS_GO.includes(last.event.type)) {
    const owner = ownerBefore(journal, journal.length);
    entries.push(run.importedFrom === null ? cutOff(last, owner) : exported(last, owner, run.importedFrom));
  }
  return entries.length <= 1 ? [] : entries.map(({ at, words }) => `  ${colors.dim(momentText(at))}  ${words}`);
}

function courseAt(journal: readonly JournalEntry[], index: number): readonly CourseEntry[] {
  const [previous, entry] = [journal[index - 1], journal[index]];
  if (entry === undefined) return [];
  const { at, event } = entry;
  switch (event.type) {
    case 'lease.taken': {
      const words = takenWords(event, previous === undefined ? undefined : at - previous.at);
      if (previous === undefined || LETS_GO.includes(previous.event.type)) return [{ at, words }];
      return [cutOff(previous, ownerBefore(journal, index), event.owner), { at, words }];
    }
    case 'definition.accepted':
      return [{ at, words: `goes on under the definition ${event.definitionHash.slice(0, 12)}` }];
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
      return `taken over by process ${pid} to be rolled back${after}`;
  }
}

/** The last that a process journaled which then was gone. */
function cutOff({ at }: JournalEntry, gone: Owner | undefined, next?: Owner): CourseEntry {
  const who = gone === undefined ? 'its process' : `process ${gone.pid}`;
  const restarted = gone !== undefined && next !== undefined && gone.bootId !== next.bootId;
  return { at, words: `interrupted: ${who} was gone${restarted ? ', the machine was restarted' : ''}` };
}

/** Whether the process lived when the run was exported cannot be told on another machine. */
function exported({ at }: JournalEntry, owner: Owner | undefined, machine: string): CourseEntry {
  const who = owner === undefined ? 'a process' : `process ${owner.pid}`;
  return { at, words: `${who} of ${oneLine(machine)} still had the run when it was exported` };
}

function ownerBefore(journal: readonly JournalEntry[], index: number): Owner | undefined {
  const taken = journal.slice(0, index).findLast(({ event }) => event.type === 'lease.taken')?.event;
  return taken?.type === 'lease.taken' ? taken.owner : undefined;
}
