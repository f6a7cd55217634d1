import { type Change, needsUndo } from '../model/change.ts';
import { WfError } from '../model/errors.ts';
import type { StepId } from '../model/ids.ts';
import type { Effect, JournalEntry, RunHeader } from '../model/journal-event.ts';
import { requestRefused } from '../requests/answers.ts';
import type { Decision } from './decide/decide.ts';
import { actorIdOf, takerOf, timersByDeadline } from './decide/machine-state.ts';
import { outcomeActor } from './decide/outcome-event.ts';
import type { MachineModel } from './machine-model.ts';
import { type DecidedEntry, followLine, lastAccepted, type Retried, voidedDecisions } from './replay.ts';

type StartStep = Extract<Effect, { type: 'start-step' }>;

/** A run that failed, with its current machine. */
export interface FailedRun {
  readonly model: MachineModel;
  readonly header: RunHeader;
  readonly entries: readonly JournalEntry[];
  readonly changes: readonly Change[];
  /** The time of the retry, from which its timers count. */
  readonly now: number;
  /** See `replay`. */
  readonly acceptedAt?: number | undefined;
}

/**
 * Returns the event by which a failed run continues. It voids the decision on the failure that ended the machine, the decisions on
 * failures after which nothing began, and all that followed from them alone: the outcomes of steps and timers that they began, and events
 * from outside that the machine does not expect without them. The machine makes every other decision again, which must begin the same
 * steps as before. A cancelled run has no decision to void. The active steps without an outcome that counts begin again. Pure.
 * @throws WfError E_REQUEST_REFUSED with the reason if the machine cannot continue from there; E_JOURNAL_DIVERGED
 */
export function retryPoint(run: FailedRun): Retried {
  let refusal: WfError | undefined;
  for (const roots of rootsToTry(run)) {
    try {
      return pointWithout(run, roots);
    } catch (thrown) {
      if (!(thrown instanceof WfError)) throw thrown;
      refusal = thrown;
    }
  }
  throw refusal ?? refused(run, endWords(run));
}

/** Yields the decisions to void: none, then the cause with all failures after which nothing began, then without the older ones. */
function* rootsToTry(run: FailedRun): Generator<ReadonlySet<number>> {
  yield new Set();
  const decisions = countedDecisions(run);
  const cause = causeOf(decisions);
  const deadEnds = decisions.filter((each) => isOfFailure(each) && !each.event.effects.some(beginsSomething));
  for (const index of [...deadEnds.keys(), deadEnds.length]) {
    const roots = [...(cause === undefined ? [] : [cause]), ...deadEnds.slice(index)];
    if (roots.length > 0) yield new Set(roots.map(({ seq }) => seq));
  }
}

function countedDecisions({ entries }: FailedRun): readonly DecidedEntry[] {
  const { voided } = voidedDecisions(entries);
  return entries.flatMap(({ seq, at, event }) =>
    event.type === 'decided' && !voided.has(seq) ? [{ seq, at, event }] : [],
  );
}

function isOfFailure({ event: { event } }: DecidedEntry): boolean {
  return event?.type.startsWith('xstate.error.actor.') ?? false;
}

function beginsSomething({ type }: Effect): boolean {
  return type === 'start-step' || type === 'set-timer';
}

/** Returns the decision on the failure that ended the machine; undefined if an event from outside or a timer did. */
function causeOf(decisions: readonly DecidedEntry[]): DecidedEntry | undefined {
  const last = decisions.at(-1);
  if (last === undefined) return undefined;
  const { event, timer } = last.event;
  if (timer !== undefined) {
    const sets = (effect: Effect) => effect.type === 'set-timer' && effect.timer === timer;
    const setter = decisions.findLast((each) => each.event.effects.some(sets));
    return setter !== undefined && isOfFailure(setter) ? setter : undefined;
  }
  if (event !== null && outcomeActor(event) === undefined) return undefined;
  return failureBehind(last, decisions) ?? decisions.findLast(isOfFailure);
}

/** Returns the decision on a failure that led to a decision, through the steps that the machine began in between. */
function failureBehind(decision: DecidedEntry, decisions: readonly DecidedEntry[]): DecidedEntry | undefined {
  if (isOfFailure(decision)) return decision;
  const { event } = decision.event;
  const actor = event === null ? undefined : outcomeActor(event);
  if (actor === undefined) return undefined;
  const starter = decisions.findLast(
    (each) =>
      each.seq < decision.seq &&
      each.event.effects.some((effect) => effect.type === 'start-step' && actorIdOf(effect) === actor),
  );
  return starter && failureBehind(starter, decisions);
}

/** Follows the decisions without some of them, and returns the event if the machine can continue from there. */
function pointWithout(run: FailedRun, roots: ReadonlySet<number>): Retried {
  const { model, header, entries, acceptedAt = lastAccepted(entries) } = run;
  const earlier = voidedDecisions(entries);
  const line = new Line(run, roots);
  let last: Decision | undefined;
  try {
    last = followLine(model, header, entries, {
      acceptedAt,
      isVoided: (entry, before) => earlier.voided.has(entry.seq) || line.voids(entry, before),
      isAltered: (seq) => earlier.isAltered(seq) || line.voided.length > 0,
      decided: (decision) => line.follow(decision),
    });
  } catch (thrown) {
    // Before the first voided decision, the journal diverges from the machine.
    if (line.voided.length === 0 || !(thrown instanceof WfError) || thrown.code !== 'E_JOURNAL_DIVERGED') throw thrown;
    throw refused(run, `its machine has continued after the failure of step ${line.failed}`);
  }
  if (last === undefined || last.status.type !== 'active') throw refused(run, endWords(run));
  line.requireNothingLeft();
  return { type: 'retried', voided: line.voided, ...begun(run, last, line.starts) };
}

/** Returns the steps that begin again and the timers that begin anew in a state. */
function begun(run: FailedRun, { state, value, children, stages }: Decision, starts: ReadonlyMap<StepId, StartStep>) {
  const succeeded = new Set(run.entries.flatMap(({ event }) => (event.type === 'step.succeeded' ? [event.step] : [])));
  const steps = [...state.active.values()].flatMap((step) => starts.get(step) ?? []);
  const undecided = steps.find(({ step }) => succeeded.has(step));
  if (undecided !== undefined) {
    throw refused(run, `its machine failed while it decided on the result of step ${undecided.step}`);
  }
  const timers = timersByDeadline(state).map(([timer, { delayMs, event }]): Effect => {
    return { type: 'set-timer', timer, deadline: run.now + delayMs, event };
  });
  return { effects: [...steps, ...timers], value, ...(children === undefined ? {} : { children }), stages };
}

/** The decisions of a failed run without some of them. */
class Line {
  readonly #run: FailedRun;
  readonly #roots: ReadonlySet<number>;
  readonly #outcomes: ReadonlyMap<number, StepId>;
  /** The steps and timers that voided decisions began. */
  readonly #steps = new Map<StepId, StartStep>();
  readonly #timers = new Set<string>();
  readonly voided: number[] = [];
  /** By step, as the machine starts them now. */
  readonly starts = new Map<StepId, StartStep>();

  constructor(run: FailedRun, roots: ReadonlySet<number>) {
    this.#run = run;
    this.#roots = roots;
    this.#outcomes = outcomesIn(countedDecisions(run));
  }

  /** The step whose failure led to the first voided decision. */
  get failed(): string {
    return this.#outcomes.get(this.voided[0] ?? 0) ?? '';
  }

  follow({ effects }: Decision): void {
    for (const effect of effects) if (effect.type === 'start-step') this.starts.set(effect.step, effect);
  }

  voids(entry: DecidedEntry, last: Decision | undefined): boolean {
    const { seq, event } = entry;
    if (!this.#roots.has(seq) && !this.#followsFromVoided(entry, last)) return false;
    this.voided.push(seq);
    for (const effect of event.effects) {
      if (effect.type === 'start-step') this.#steps.set(effect.step, effect);
      if (effect.type === 'set-timer') this.#timers.add(effect.timer);
    }
    return true;
  }

  #followsFromVoided({ seq, event: { event, timer, effects } }: DecidedEntry, last: Decision | undefined): boolean {
    if (this.voided.length === 0 || event === null || last === undefined) return false;
    if (timer !== undefined) {
      if (this.#timers.has(timer)) return true;
      if (last.state.timers.has(timer)) return false;
      throw this.#handled();
    }
    const step = this.#outcomes.get(seq);
    if (step !== undefined) {
      if (this.#steps.has(step)) return true;
      if ([...last.state.active.values()].includes(step)) return false;
      throw this.#handled();
    }
    if (last.status.type === 'active' && takerOf(last.state, event) !== undefined) return false;
    if (effects.some(beginsSomething)) throw this.#handled();
    return true;
  }

  /** Refuses a retry if a step of a voided decision has altered the host. */
  requireNothingLeft(): void {
    const { entries, changes, model } = this.#run;
    const left = changes.find((change) => this.#steps.has(change.step) && needsUndo(change));
    if (left !== undefined) {
      const why = `it handled the failure of step ${this.failed} by step ${left.step}, which has changed the host (${left.target})`;
      throw refused(this.#run, why);
    }
    const since = this.voided[0] ?? Number.POSITIVE_INFINITY;
    const undoing = [...this.#steps.values()].find(({ invoke }) => {
      return model.invocations.get(invoke)?.runner.behaviour.type === 'undo';
    });
    const hasUndone = entries.some(({ seq, event }) => seq > since && event.type === 'change.reverting');
    if (undoing === undefined || !hasUndone) return;
    const why = `it handled the failure of step ${this.failed} by step ${undoing.step}, which has undone changes`;
    throw refused(this.#run, why);
  }

  #handled(): WfError {
    return refused(this.#run, `its machine has continued after the failure of step ${this.failed}`);
  }
}

/** Returns the step whose outcome each decision answers, by the seq of the decision. */
function outcomesIn(decisions: readonly DecidedEntry[]): ReadonlyMap<number, StepId> {
  const steps = new Map<string, StepId>();
  const outcomes = new Map<number, StepId>();
  for (const { seq, event } of decisions) {
    const actor = event.event === null ? undefined : outcomeActor(event.event);
    const step = actor === undefined ? undefined : steps.get(actor);
    if (step !== undefined) outcomes.set(seq, step);
    for (const effect of event.effects) if (effect.type === 'start-step') steps.set(actorIdOf(effect), effect.step);
  }
  return outcomes;
}

/** Returns why the machine of a run has ended without a failure to continue from. */
function endWords(run: FailedRun): string {
  const last = countedDecisions(run).at(-1);
  return `its machine ended at ${last === undefined ? 'its start' : eventWords(last)}, and not because a step failed`;
}

function eventWords({ event: { event, timer } }: DecidedEntry): string {
  if (event === null) return 'its start';
  if (timer !== undefined) return `the timer ${timer}`;
  const actor = outcomeActor(event);
  return actor === undefined ? `the event ${event.type}` : `the end of step ${actor}`;
}

function refused({ header: { id, workflow }, changes }: FailedRun, why: string): WfError {
  const hint = changes.some(needsUndo)
    ? `Undo its changes with \`wf rollback ${id}\`; \`wf retry ${id}\` then starts it anew.`
    : `Start a new run with \`wf start ${workflow}\`.`;
  return requestRefused(id, { kind: 'retry' }, why, hint);
}
