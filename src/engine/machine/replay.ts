import { WfError } from '../model/errors.ts';
import { visitsOf } from '../model/ids.ts';
import type { Effect, JournalEntry, JournalEvent, RunHeader } from '../model/journal-event.ts';
import { canonicalJson, toJson } from '../model/json.ts';
import { type Decision, decide, decideStart } from './decide/decide.ts';
import type { MachineModel } from './machine-model.ts';

export type Decided = Extract<JournalEvent, { type: 'decided' }>;
export type Retried = Extract<JournalEvent, { type: 'retried' }>;

/** A decision in the journal. */
export interface DecidedEntry extends JournalEntry {
  readonly event: Decided;
}

/**
 * Replays the decisions of a run and returns the last one: exactly the state that the run had. Returns undefined if the journal holds
 * no decision. Decisions from before the user accepted another definition need only lead to the same states and steps; those between a
 * voided decision and the retry that voided it need only begin the same steps. Pure.
 * @param acceptedAt seq of the last such entry
 * @throws WfError E_JOURNAL_DIVERGED naming the first event that replays differently
 */
export function replay(
  model: MachineModel,
  header: RunHeader,
  entries: readonly JournalEntry[],
  acceptedAt = lastAccepted(entries),
): Decision | undefined {
  const { voided, isAltered } = voidedDecisions(entries);
  return followLine(model, header, entries, { acceptedAt, isVoided: ({ seq }) => voided.has(seq), isAltered });
}

/** Returns the seq of the last entry by which the user accepted another definition; 0 if there is none. */
export function lastAccepted(entries: readonly JournalEntry[]): number {
  return entries.findLast(({ event }) => event.type === 'definition.accepted')?.seq ?? 0;
}

/** Returns the decisions that retries have voided, and whether an entry is between a voided decision and its retry. */
export function voidedDecisions(entries: readonly JournalEntry[]) {
  const retries = entries.flatMap(({ seq, event }) =>
    event.type === 'retried' && event.voided.length > 0 ? [{ seq, voided: event.voided }] : [],
  );
  const spans = retries.map(({ seq, voided }) => ({ first: Math.min(...voided), retry: seq }));
  return {
    voided: new Set(retries.flatMap(({ voided }) => voided)),
    isAltered: (seq: number) => spans.some(({ first, retry }) => first < seq && seq < retry),
  };
}

/** A line of decisions through a journal that leaves some of them out. */
interface Line {
  readonly acceptedAt: number;
  /** @param last the decision before it */
  isVoided(entry: DecidedEntry, last: Decision | undefined): boolean;
  /** Whether the line may be in another state there than the run was when it journaled the entry. */
  isAltered(seq: number): boolean;
  /** Called for each decision of the line. */
  decided?(decision: Decision): void;
}

/**
 * Makes the decisions of a line again, and returns the last one.
 * @throws WfError E_JOURNAL_DIVERGED naming the first event that replays differently
 */
export function followLine(
  model: MachineModel,
  header: RunHeader,
  entries: readonly JournalEntry[],
  { acceptedAt, isVoided, isAltered, decided }: Line,
): Decision | undefined {
  let last: Decision | undefined;
  for (const { seq, at, event } of entries) {
    if (event.type === 'retried' && last !== undefined) {
      const difference = isAltered(seq) ? undefined : differenceOfValue(event, last, 'when replayed');
      if (difference !== undefined) throw diverged(header, seq, 'retry', difference);
      last = withRestartedTimers(last, event);
    }
    if (event.type !== 'decided') continue;
    if (isVoided({ seq, at, event }, last)) {
      last = last && withCountsOf(last, event);
      continue;
    }
    const next = replayOne(model, header, last, event, at);
    const compare = isAltered(seq) ? differenceOfSteps : seq > acceptedAt ? differenceOf : differenceOfPath;
    const difference = compare(event, next);
    if (difference !== undefined) throw diverged(header, seq, event.event?.type ?? 'the start', difference);
    decided?.(next);
    last = next;
  }
  return last;
}

function replayOne(
  model: MachineModel,
  header: RunHeader,
  last: Decision | undefined,
  { event, timer }: Decided,
  at: number,
): Decision {
  if (event === null || last === undefined) return decideStart(model, header, at);
  return decide(model, last.state, event, at, timer);
}

/** Counts the visits and timers of a voided decision: its steps keep their ids, and the next visits get others. */
function withCountsOf(last: Decision, { effects }: Decided): Decision {
  const visits = new Map(last.state.visits);
  const timersSet = new Map(last.state.timersSet);
  const raise = (counts: Map<string, number>, base: string, count: number) =>
    counts.set(base, Math.max(counts.get(base) ?? 0, count));
  for (const effect of effects) {
    if (effect.type === 'start-step') for (const [base, visit] of visitsOf(effect.step)) raise(visits, base, visit);
    if (effect.type !== 'set-timer') continue;
    const end = effect.timer.lastIndexOf('#');
    raise(timersSet, effect.timer.slice(0, end), Number(effect.timer.slice(end + 1)));
  }
  return { ...last, state: { ...last.state, visits, timersSet } };
}

/** Sets the timers of a state to the deadlines that a retry has given them. */
function withRestartedTimers(last: Decision, { effects }: Retried): Decision {
  const deadlines = new Map(
    effects.flatMap((effect) => (effect.type === 'set-timer' ? [[effect.timer, effect.deadline]] : [])),
  );
  const timers = [...last.state.timers].map(
    ([name, timer]) => [name, { ...timer, deadline: deadlines.get(name) ?? timer.deadline }] as const,
  );
  return { ...last, state: { ...last.state, timers: new Map(timers) } };
}

function differenceOf(journaled: Decided, replayed: Decision): string | undefined {
  if (journaled.digest === replayed.digest()) return undefined;
  const state = differenceOfValue(journaled, replayed, 'when replayed');
  if (state !== undefined) return state;
  const effects = [canonicalJson(toJson(journaled.effects)), canonicalJson(toJson(replayed.effects))];
  if (effects[0] !== effects[1]) return `the effects were ${effects[0]} and are ${effects[1]} when replayed`;
  return 'the context or the output differs when replayed';
}

type Values = Pick<Decision, 'value' | 'children'>;

function differenceOfValue(journaled: Values, replayed: Values, when: string): string | undefined {
  const words = ({ value, children = {} }: Values) =>
    [value, ...Object.values(children)].map(canonicalJson).join(', in a child ');
  const state = [words(journaled), words(replayed)];
  return state[0] === state[1] ? undefined : `the state was ${state[0]} and is ${state[1]} ${when}`;
}

/** Compares only states and steps: another machine made the replayed decision. */
function differenceOfPath(journaled: Decided, replayed: Decision): string | undefined {
  const state = differenceOfValue(journaled, replayed, 'under this definition');
  return state ?? differenceOfSteps(journaled, replayed);
}

/** Compares only steps: another machine made the replayed decision, or the same machine in another state. */
function differenceOfSteps(journaled: Decided, replayed: Decision): string | undefined {
  const steps = [stepsOf(journaled.effects), stepsOf(replayed.effects)];
  if (steps[0] === steps[1]) return undefined;
  return `the steps begun were ${steps[0]} and are ${steps[1]} under this definition`;
}

function stepsOf(effects: readonly Effect[]): string {
  const steps = effects.flatMap((effect) => (effect.type === 'start-step' ? [`${effect.step} (${effect.kind})`] : []));
  return steps.length === 0 ? 'none' : steps.join(', ');
}

function diverged(header: RunHeader, seq: number, what: string, difference: string): WfError {
  return new WfError(
    'E_JOURNAL_DIVERGED',
    `run ${header.id}: event ${seq} (${what}) replays differently: ${difference}`,
    {
      hint:
        'The workflow file has changed since the run started, or its machine is not pure (for example, a guard or an assign reads the clock). ' +
        `Restore the file, continue with the changed one (\`--accept-changes\`), or undo the run with \`wf rollback ${header.id}\`, which needs no workflow file.`,
      details: { seq },
    },
  );
}
