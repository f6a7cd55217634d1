import type { JournalEntry, RunEnd, RunHeader } from '../engine/model/journal-event.ts';
import type { RunStatus } from '../engine/ports/history.ts';
import { isOfRequest } from '../review/timeline/idle-time.ts';
import { createChangeEvents } from './change-events.ts';
import { pipelineResult } from './pipeline-result.ts';
import { type Attributes, lasting, type RunSpan, type SpanEvent } from './span.ts';
import type { SpanIds } from './span-ids.ts';
import { createStepSpans, PROCESS_GONE, spanError } from './step-spans.ts';

/** Turns the journal of a run into the spans of its trace. Pure: the same entries give the same spans. */
export interface RunSpans {
  /** Takes the next journal entry. Returns the spans that end with it. */
  follow(entry: JournalEntry): readonly RunSpan[];
  /** Ends the current turn, whose process has released the run. Returns the spans that end with it. */
  release(): readonly RunSpan[];
}

interface OpenTurn {
  readonly id: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly attributes: Attributes;
  readonly events: SpanEvent[];
  /** The span of the previous turn. */
  readonly links: readonly string[];
}

/** Returns the name of the root span of a run. */
export function rootName(workflow: string): string {
  return `${ACTION} ${workflow}`;
}

const ACTION = 'RUN';

/** Returns the attributes that the root span has from its start. */
export function rootAttributes({ definitionHash, runtime, options }: RunHeader): Attributes {
  return {
    'cicd.pipeline.action.name': ACTION,
    'wf.run.runtime': runtime,
    'wf.run.on_failure': options.onFailure,
    'wf.run.plan': options.plan,
    'wf.run.retry_of': options.retryOf,
    'wf.definition.hash': definitionHash,
  };
}

export function createRunSpans(header: RunHeader, ids: SpanIds): RunSpans {
  const steps = createStepSpans(ids);
  const changes = createChangeEvents();
  let turn: OpenTurn | undefined;
  let lastTurn: string | undefined;
  /** The last entry of a process that advanced the run. */
  let previous: JournalEntry | undefined;
  let restored: boolean | undefined;
  let hasEnded = false;

  function beginTurn({ seq, at, event }: JournalEntry): void {
    if (event.type !== 'lease.taken') return;
    const { purpose, by, owner } = event;
    turn = {
      id: ids.of('turn', seq),
      pid: owner.pid,
      startedAt: at,
      attributes: { 'wf.turn.purpose': purpose, 'wf.turn.by': by },
      events: [],
      links: lastTurn === undefined ? [] : [lastTurn],
    };
    lastTurn = turn.id;
  }

  /** Ends the turn with its last entry. */
  function endTurn(): readonly RunSpan[] {
    if (turn === undefined || previous === undefined) return [];
    const { startedAt, attributes, ...ended } = turn;
    const { at } = previous;
    const status = statusAfter(previous);
    const error = status === undefined ? PROCESS_GONE : null;
    const signal = previous.event.type === 'interrupted' ? previous.event.signal : undefined;
    turn = undefined;
    return [
      ...steps.breakOff(at),
      {
        ...ended,
        parent: ids.root,
        name: `turn ${attributes['wf.turn.purpose']}`,
        kind: 'internal',
        ...lasting(startedAt, at),
        attributes: {
          ...attributes,
          'wf.run.status': status ?? 'interrupted',
          'wf.turn.signal': signal,
          'error.type': error?.type,
        },
        error,
      },
    ];
  }

  function root(end: RunEnd, at: number, pid: number): RunSpan {
    const result = end.status === 'succeeded' ? 'success' : pipelineResult(end.error.code);
    const isError = result !== 'success' && result !== 'cancellation';
    const error = end.status !== 'succeeded' && isError ? spanError(end.error) : null;
    return {
      id: ids.root,
      parent: null,
      name: rootName(header.workflow),
      kind: 'server',
      ...lasting(header.createdAt, at),
      attributes: {
        ...rootAttributes(header),
        'cicd.pipeline.result': result,
        'wf.run.status': end.status,
        'wf.host.restored': restored,
        'error.type': error?.type,
      },
      events: changes.all(),
      links: [],
      error,
      pid,
    };
  }

  return {
    follow(entry) {
      if (isOfRequest(entry)) return [];
      const { event, at } = entry;
      const cut = event.type === 'lease.taken' ? endTurn() : [];
      beginTurn(entry);
      previous = entry;
      if (turn === undefined) return cut;
      const { pid, events } = turn;
      const ended = [...cut, ...steps.follow(entry, turn)];
      const undo = changes.follow(entry);
      if (undo !== undefined) events.push(undo);
      switch (event.type) {
        case 'rolling-back':
          events.push({ name: 'wf.rollback', at, attributes: { 'error.type': event.error.code } });
          return ended;
        case 'verified':
          restored = event.verification.restored;
          return ended;
        case 'paused':
        case 'interrupted':
          return [...ended, ...endTurn()];
        case 'ended': {
          const last = [...ended, ...steps.endAll(at, turn), ...endTurn()];
          // A run that is rolled back, retried or settled after its end ends again, but its root has already been sent.
          if (hasEnded) return last;
          hasEnded = true;
          return [...last, root(event, at, pid)];
        }
        default:
          return ended;
      }
    },
    release: endTurn,
  };
}

/** Returns the status in which a process left a run, from its last entry; undefined if the process was killed or lost the run. */
function statusAfter({ event }: JournalEntry): RunStatus | undefined {
  switch (event.type) {
    case 'ended':
      return event.status;
    case 'paused':
    case 'interrupted':
    case 'waiting':
    case 'unconfirmed':
      return event.type;
    case 'extended':
      return 'unconfirmed';
    default:
      return undefined;
  }
}
