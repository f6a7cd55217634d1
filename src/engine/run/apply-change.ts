import type { RunJournal } from '../journal/run-journal.ts';
import type { RunLedger } from '../journal/run-ledger.ts';
import type { Change } from '../model/change.ts';
import { asWfError, WfError } from '../model/errors.ts';
import { commandLine } from '../model/evidence.ts';
import type { JournalEvent } from '../model/journal-event.ts';
import type { Json } from '../model/json.ts';
import { onHostName } from '../model/on-host-name.ts';
import { pause } from '../ports/clock.ts';
import { FORWARD, type JournaledIntent, type ObservedTarget } from '../recovery/recovery-table.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { ChangeBehaviour, Observation, StepContext, StepRunner } from '../workflow/step.ts';
import { lateEffectOf, OBSERVE_AGAIN_MS } from './undo-change.ts';

/** The success of an attempt. Its events are committed with the decision on it. */
export interface AttemptSuccess {
  readonly output: Json;
  readonly events: readonly JournalEvent[];
}

/** The services of one attempt. */
export interface AttemptServices {
  readonly runner: StepRunner;
  /** Title of the changes of the step. */
  readonly title?: string | undefined;
  /** The named host that is observed and changed; absent for the run's own. */
  readonly hostName?: string | undefined;
  /** For observing. */
  readonly context: StepContext;
  /** Returns the context for `apply`, with the same evidence and signal. */
  acting(): StepContext;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  readonly bootId: string;
  readonly secrets: Secrets;
}

type Seen = Observation<Json, Json>;
type Found<Kind extends Seen['found']> = Extract<Seen, { found: Kind }>;

/**
 * Makes one attempt at a step: observes, makes the intent durable, acts, observes again.
 * @throws any error of the runner; WfError E_FOREIGN and the like if an object that is not the run's is in the way
 */
export function applyStep(services: AttemptServices, rawInput: Json): Promise<AttemptSuccess> {
  const input = services.secrets.reveal(rawInput);
  const { behaviour } = services.runner;
  if (behaviour.type === 'change') return attemptChange(services, behaviour, input);
  return behaviour.read(input, services.context).then(changedNothing);
}

function changedNothing(output: Json): AttemptSuccess {
  return { output, events: [] };
}

/** Takes the action of the recovery table for the observed state. */
async function attemptChange(
  services: AttemptServices,
  behaviour: ChangeBehaviour,
  input: Json,
): Promise<AttemptSuccess> {
  const { context, journal } = services;
  const earlier = openChange(journal.changes(), context.step);
  const journaled = journaledIntent(earlier, behaviour, services.bootId);
  const intendedAt = earlier === undefined ? 0 : journal.historyOf(earlier.seq).intendedAt;
  const lateEffect = lateEffectOf(behaviour, intendedAt, context.host.clock);
  const known = journaled === 'intended' && earlier !== undefined ? services.secrets.reveal(earlier.record) : undefined;
  for (;;) {
    const seen = await lateEffect.during(() => behaviour.observe(input, context, known));
    switch (FORWARD[journaled][observedTarget(seen, lateEffect.isPossible())]) {
      case 'apply':
      case 'complete': {
        const missing = requireFound(seen, 'absent', 'partial');
        return act(services, behaviour, input, missing, await intend(services, behaviour, missing, earlier));
      }
      case 'adopt': {
        const whole = requireFound(seen, 'ours');
        const intended = journaled === 'intended' ? earlier : undefined;
        const change = intended ?? (await intend(services, behaviour, whole, earlier));
        return finished(services, behaviour, change.seq, whole);
      }
      case 'leave':
        return { output: requireFound(seen, 'unchanged').output, events: [] };
      case 'withdraw':
        return { output: requireFound(seen, 'unchanged').output, events: withdrawn(earlier) };
      case 'observe again':
        await pause(context.host.clock, OBSERVE_AGAIN_MS);
        context.signal.throwIfAborted();
        break;
      case 'refuse':
      case 'stop':
        throw requireFound(seen, 'foreign', 'unknown').error;
    }
  }
}

/** Returns the change that an earlier attempt at the step intended or made; a step that was stopped and is retried may have made one. */
export function openChange(changes: readonly Change[], step: Change['step']): Change | undefined {
  return changes.find(({ step: own, status }) => own === step && (status === 'intended' || status === 'applied'));
}

/** Returns the journaled state of the change that a step is about to make. */
export function journaledIntent(
  earlier: Change | undefined,
  behaviour: ChangeBehaviour,
  bootId: string,
): JournaledIntent {
  if (earlier === undefined) return 'nothing';
  return earlier.bootId !== bootId && !behaviour.survivesReboot ? 'lost' : 'intended';
}

/** Returns the observed state of the target of a step. @param isPossible whether a late effect is possible */
export function observedTarget(seen: Seen, isPossible: boolean): ObservedTarget {
  return seen.found === 'absent' && isPossible ? 'not yet' : seen.found;
}

/** Returns an observation of one of these kinds, which the action of the table needs. */
function requireFound<Kind extends Seen['found']>(seen: Seen, ...kinds: readonly Kind[]): Found<Kind> {
  if (isFound(seen, kinds)) return seen;
  throw new WfError(
    'E_INTERNAL',
    `the recovery table asks for ${kinds.join(' or ')}, and the host shows ${seen.found}`,
    {
      hint: 'This is a defect in wf: report it.',
    },
  );
}

function isFound<Kind extends Seen['found']>(seen: Seen, kinds: readonly Kind[]): seen is Found<Kind> {
  return kinds.some((kind) => kind === seen.found);
}

async function act(
  services: AttemptServices,
  behaviour: ChangeBehaviour,
  input: Json,
  seen: Found<'absent' | 'partial'>,
  change: Change,
): Promise<AttemptSuccess> {
  const { context } = services;
  const acting = services.acting();
  try {
    // The attempt was stopped during the commit of its intent.
    acting.signal.throwIfAborted();
    const record = await behaviour.apply(input, seen.record, seen.found, acting);
    const after = await behaviour.observe(input, context, record);
    if (after.found === 'ours') return finished(services, behaviour, change.seq, after);
    if (after.found === 'foreign' || after.found === 'unknown') throw after.error;
    throw new WfError('E_HOST_STATE_UNKNOWN', `wf has made ${change.target}, but observes it as ${after.found}`, {
      hint: 'Check the attempt with `wf show` and `wf logs`: another program on this host may have removed or altered it at once.',
    });
  } catch (thrown) {
    await settleIfNothingWasMade(services, behaviour, change, asWfError(thrown));
    throw thrown;
  }
}

/** Makes the intent durable. Nothing may touch the host before this has returned. */
async function intend(
  { context, journal, ledger, runner, title, hostName, bootId }: AttemptServices,
  behaviour: ChangeBehaviour,
  seen: { readonly target: string; readonly record: Json },
  earlier?: Change,
): Promise<Change> {
  await ledger.ensureBaseline();
  context.signal.throwIfAborted();
  const change: Change = {
    seq: earlier?.seq ?? journal.newChangeSeq(),
    step: context.step,
    kind: runner.kind,
    target: onHostName(hostName, seen.target),
    ...(title === undefined ? {} : { title }),
    ...(hostName === undefined ? {} : { host: hostName }),
    record: seen.record,
    undo: undoByHand(behaviour, seen.record, context),
    status: 'intended',
    reason: null,
    bootId,
  };
  await journal.append([{ type: 'change.intended', change }]);
  return change;
}

function finished(
  { context, hostName }: AttemptServices,
  behaviour: ChangeBehaviour,
  seq: number,
  seen: { readonly target: string; readonly record: Json; readonly output: Json },
): AttemptSuccess {
  const undo = undoByHand(behaviour, seen.record, context);
  const target = onHostName(hostName, seen.target);
  const applied: JournalEvent = { type: 'change.applied', seq, record: seen.record, target, undo };
  if (behaviour.kept === null) return { output: seen.output, events: [applied] };
  return {
    output: seen.output,
    events: [applied, { type: 'change.settled', seq, status: 'kept', reason: behaviour.kept }],
  };
}

/** Returns the command lines that undo a change from a shell of the machine. */
function undoByHand(behaviour: ChangeBehaviour, record: Json, { host }: StepContext): readonly string[] {
  return host.namespace.byHand(behaviour.undoCommands(record)).map(commandLine);
}

function withdrawn(earlier: Change | undefined): readonly JournalEvent[] {
  if (earlier === undefined) return [];
  const reason = 'not made: somebody else has made it';
  return [{ type: 'change.settled', seq: earlier.seq, status: 'gone', reason }];
}

/**
 * Settles the intent of an attempt that failed before it made anything. The intent stays open if that is unknown, or if a request
 * without an answer may still have a late effect.
 */
async function settleIfNothingWasMade(
  { context, journal }: AttemptServices,
  behaviour: ChangeBehaviour,
  change: Change,
  failure: WfError,
): Promise<void> {
  const hasLateEffect = failure.transient && behaviour.lateEffectMs > 0;
  if (!failure.untouched && (hasLateEffect || !(await isGone(behaviour, change, context)))) return;
  const reason = 'the attempt failed before it made anything';
  await journal.append([{ type: 'change.settled', seq: change.seq, status: 'gone', reason }]);
}

async function isGone(behaviour: ChangeBehaviour, change: Change, context: StepContext): Promise<boolean> {
  try {
    return (await behaviour.inspect(change.record, context)).found === 'gone';
  } catch (thrown) {
    if (thrown instanceof WfError && thrown.code === 'E_LEASE_LOST') throw thrown;
    return false;
  }
}
