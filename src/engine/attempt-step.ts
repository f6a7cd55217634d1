import type { Change } from './change.ts';
import { asWfError, WfError } from './errors.ts';
import { commandLine } from './evidence.ts';
import type { JournalEvent } from './journal-event.ts';
import type { Json } from './json.ts';
import type { RunJournal } from './run-journal.ts';
import type { RunLedger } from './run-ledger.ts';
import type { ChangeBehaviour, Observation, StepContext, StepRunner } from './step.ts';

/** What an attempt came to. Its events are committed together with the decision that it leads to. */
export interface AttemptSuccess {
  readonly output: Json;
  readonly events: readonly JournalEvent[];
}

interface AttemptParts {
  readonly runner: StepRunner;
  readonly context: StepContext;
  readonly journal: RunJournal;
  readonly ledger: RunLedger;
  readonly bootId: string;
}

/**
 * One attempt at a step: look, make the intent durable, act, look again.
 * @throws whatever the runner throws; WfError E_FOREIGN and the like where something that is not ours is in the way.
 */
export async function attemptStep(parts: AttemptParts, rawInput: Json): Promise<AttemptSuccess> {
  const input = parts.runner.parseInput(rawInput);
  const { behaviour } = parts.runner;
  if (behaviour.type !== 'change') return { output: await behaviour.read(input, parts.context), events: [] };
  return attemptChange(parts, behaviour, input);
}

async function attemptChange(parts: AttemptParts, behaviour: ChangeBehaviour, input: Json): Promise<AttemptSuccess> {
  const { context, journal } = parts;
  const earlier = journal.changes().find((change) => change.step === context.step && change.status === 'intended');
  const seen = await behaviour.observe(input, context, earlier?.record);
  switch (seen.found) {
    case 'unchanged':
      return { output: seen.output, events: [] };
    case 'ours': {
      const change = earlier ?? (await intend(parts, behaviour, seen));
      return concluded(behaviour, change.seq, seen);
    }
    case 'foreign':
    case 'unknown':
      throw seen.error;
    case 'absent':
    case 'partial': {
      const change = await intend(parts, behaviour, seen, earlier);
      return act(parts, behaviour, input, seen, change);
    }
  }
}

async function act(
  parts: AttemptParts,
  behaviour: ChangeBehaviour,
  input: Json,
  seen: Extract<Observation<Json, Json>, { found: 'absent' | 'partial' }>,
  change: Change,
): Promise<AttemptSuccess> {
  const { context } = parts;
  try {
    const record = await behaviour.apply(input, seen.record, seen.found, context);
    const after = await behaviour.observe(input, context, record);
    if (after.found === 'ours') return concluded(behaviour, change.seq, after);
    if (after.found === 'foreign' || after.found === 'unknown') throw after.error;
    throw new WfError('E_HOST_STATE_UNKNOWN', `${change.target} was made, but is ${after.found} when looked at again`, {
      hint: 'Something else on this host may have removed or altered it at once. `wf show` and `wf logs` tell what was done.',
    });
  } catch (thrown) {
    await settleIfNothingWasMade(parts, behaviour, change);
    throw thrown;
  }
}

/** Makes the intent durable. Nothing may touch the host before this has returned. */
async function intend(
  { context, journal, ledger, runner, bootId }: AttemptParts,
  behaviour: ChangeBehaviour,
  seen: { readonly target: string; readonly record: Json },
  earlier?: Change,
): Promise<Change> {
  await ledger.ensureBaseline();
  context.signal.throwIfAborted();
  const change: Change = {
    seq: earlier?.seq ?? nextSeq(journal),
    step: context.step,
    kind: runner.kind,
    target: seen.target,
    record: seen.record,
    undo: behaviour.undoCommands(seen.record).map(commandLine),
    status: 'intended',
    reason: null,
    bootId,
  };
  journal.append([{ type: 'change.intended', change }]);
  return change;
}

function nextSeq(journal: RunJournal): number {
  return journal.changes().reduce((highest, change) => Math.max(highest, change.seq), 0) + 1;
}

function concluded(
  behaviour: ChangeBehaviour,
  seq: number,
  seen: { readonly target: string; readonly record: Json; readonly output: Json },
): AttemptSuccess {
  const undo = behaviour.undoCommands(seen.record).map(commandLine);
  const applied: JournalEvent = { type: 'change.applied', seq, record: seen.record, target: seen.target, undo };
  if (behaviour.kept === null) return { output: seen.output, events: [applied] };
  return {
    output: seen.output,
    events: [applied, { type: 'change.settled', seq, status: 'kept', reason: behaviour.kept }],
  };
}

/** An attempt that failed before it made anything leaves no open intent behind. What cannot be told stays open. */
async function settleIfNothingWasMade(parts: AttemptParts, behaviour: ChangeBehaviour, change: Change): Promise<void> {
  const standing = await behaviour.look(change.record, parts.context).catch((thrown: unknown) => ({
    found: 'unknown' as const,
    error: asWfError(thrown),
  }));
  if (standing.found !== 'gone') return;
  parts.journal.append([
    { type: 'change.settled', seq: change.seq, status: 'gone', reason: 'the attempt failed before it made anything' },
  ]);
}
