import type { RunJournal } from '../journal/run-journal.ts';
import type { RunLedger } from '../journal/run-ledger.ts';
import type { Change } from '../model/change.ts';
import { asWfError, WfError } from '../model/errors.ts';
import { commandLine } from '../model/evidence.ts';
import type { JournalEvent } from '../model/journal-event.ts';
import type { Json } from '../model/json.ts';
import { FORWARD, type JournaledIntent, type ObservedTarget } from '../recovery/recovery-table.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { ChangeBehaviour, Observation, StepContext, StepRunner } from '../workflow/step.ts';
import { lateEffectOf, OBSERVE_AGAIN_MS, pause } from './undo-change.ts';

/** What an attempt came to. Its events are committed together with the decision that it leads to. */
export interface AttemptSuccess {
  readonly output: Json;
  readonly events: readonly JournalEvent[];
}

/** What one attempt works with. */
export interface AttemptDependencies {
  readonly runner: StepRunner;
  /** For looks. */
  readonly context: StepContext;
  /** For `apply`: the same evidence, the same signal. */
  acting(): StepContext;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  readonly bootId: string;
  readonly secrets: Secrets;
}

type Seen = Observation<Json, Json>;
type Found<Kind extends Seen['found']> = Extract<Seen, { found: Kind }>;

/**
 * One attempt at a step: look, make the intent durable, act, look again.
 * @throws whatever the runner throws; WfError E_FOREIGN and the like where something that is not ours is in the way.
 */
export function applyStep(parts: AttemptDependencies, rawInput: Json): Promise<AttemptSuccess> {
  const input = parts.secrets.reveal(rawInput);
  const { behaviour } = parts.runner;
  if (behaviour.type === 'change') return attemptChange(parts, behaviour, input);
  return behaviour.read(input, parts.context).then(changedNothing);
}

function changedNothing(output: Json): AttemptSuccess {
  return { output, events: [] };
}

/** Does what the table says to what is found. */
async function attemptChange(
  parts: AttemptDependencies,
  behaviour: ChangeBehaviour,
  input: Json,
): Promise<AttemptSuccess> {
  const { context, journal } = parts;
  const earlier = openIntent(journal.changes(), context.step);
  const says = journaledIntent(earlier, behaviour, parts.bootId);
  const intendedAt = earlier === undefined ? 0 : journal.historyOf(earlier.seq).intendedAt;
  const lateEffect = lateEffectOf(behaviour, intendedAt, context.host.clock);
  const known = says === 'intended' && earlier !== undefined ? parts.secrets.reveal(earlier.record) : undefined;
  for (;;) {
    const seen = await lateEffect.during(() => behaviour.observe(input, context, known));
    switch (FORWARD[says][observedTarget(seen, lateEffect.isPossible())]) {
      case 'apply':
      case 'complete': {
        const missing = requireFound(seen, 'absent', 'partial');
        return act(parts, behaviour, input, missing, await intend(parts, behaviour, missing, earlier));
      }
      case 'adopt': {
        const whole = requireFound(seen, 'ours');
        const intended = says === 'intended' ? earlier : undefined;
        const change = intended ?? (await intend(parts, behaviour, whole, earlier));
        return finished(behaviour, change.seq, whole, context);
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

/** The intent of an earlier attempt at the step, of which nobody knows what became. */
export function openIntent(changes: readonly Change[], step: Change['step']): Change | undefined {
  return changes.find((change) => change.step === step && change.status === 'intended');
}

/** What the journal says of the change that a step is about to make. */
export function journaledIntent(
  earlier: Change | undefined,
  behaviour: ChangeBehaviour,
  bootId: string,
): JournaledIntent {
  if (earlier === undefined) return 'nothing';
  return earlier.bootId !== bootId && !behaviour.survivesReboot ? 'lost' : 'intended';
}

export function observedTarget(seen: Seen, isPossible: boolean): ObservedTarget {
  return seen.found === 'absent' && isPossible ? 'not yet' : seen.found;
}

/** What was seen, as the table's action needs it. */
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
  parts: AttemptDependencies,
  behaviour: ChangeBehaviour,
  input: Json,
  seen: Found<'absent' | 'partial'>,
  change: Change,
): Promise<AttemptSuccess> {
  const { context } = parts;
  const acting = parts.acting();
  try {
    // Told to end while its intent was committed, it does not begin.
    acting.signal.throwIfAborted();
    const record = await behaviour.apply(input, seen.record, seen.found, acting);
    const after = await behaviour.observe(input, context, record);
    if (after.found === 'ours') return finished(behaviour, change.seq, after, context);
    if (after.found === 'foreign' || after.found === 'unknown') throw after.error;
    throw new WfError('E_HOST_STATE_UNKNOWN', `${change.target} was made, but is ${after.found} when looked at again`, {
      hint: 'Something else on this host may have removed or altered it at once. `wf show` and `wf logs` tell what was done.',
    });
  } catch (thrown) {
    await settleIfNothingWasMade(parts, behaviour, change, asWfError(thrown));
    throw thrown;
  }
}

/** Makes the intent durable. Nothing may touch the host before this has returned. */
async function intend(
  { context, journal, ledger, runner, bootId }: AttemptDependencies,
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
    target: seen.target,
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
  behaviour: ChangeBehaviour,
  seq: number,
  seen: { readonly target: string; readonly record: Json; readonly output: Json },
  context: StepContext,
): AttemptSuccess {
  const undo = undoByHand(behaviour, seen.record, context);
  const applied: JournalEvent = { type: 'change.applied', seq, record: seen.record, target: seen.target, undo };
  if (behaviour.kept === null) return { output: seen.output, events: [applied] };
  return {
    output: seen.output,
    events: [applied, { type: 'change.settled', seq, status: 'kept', reason: behaviour.kept }],
  };
}

/** The command lines that undo a change from a shell of the machine. */
function undoByHand(behaviour: ChangeBehaviour, record: Json, { host }: StepContext): readonly string[] {
  return host.namespace.byHand(behaviour.undoCommands(record)).map(commandLine);
}

function withdrawn(earlier: Change | undefined): readonly JournalEvent[] {
  if (earlier === undefined) return [];
  const reason = 'it was not made: somebody else had done it';
  return [{ type: 'change.settled', seq: earlier.seq, status: 'gone', reason }];
}

/**
 * An attempt that failed before it made anything leaves no open intent behind. What cannot be told stays open, and so does what
 * a request without an answer may still make.
 */
async function settleIfNothingWasMade(
  { context, journal }: AttemptDependencies,
  behaviour: ChangeBehaviour,
  change: Change,
  failure: WfError,
): Promise<void> {
  const mayLand = failure.transient && behaviour.landsWithinMs > 0;
  if (!failure.untouched && (mayLand || !(await isGone(behaviour, change, context)))) return;
  const reason = 'the attempt failed before it made anything';
  await journal.append([{ type: 'change.settled', seq: change.seq, status: 'gone', reason }]);
}

async function isGone(behaviour: ChangeBehaviour, change: Change, context: StepContext): Promise<boolean> {
  try {
    return (await behaviour.look(change.record, context)).found === 'gone';
  } catch (thrown) {
    if (thrown instanceof WfError && thrown.code === 'E_LEASE_LOST') throw thrown;
    return false;
  }
}
