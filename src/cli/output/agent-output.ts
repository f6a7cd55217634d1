import type { AgentNote } from '../../agent/agent.ts';
import type { DueRun } from '../../agent/due-run.ts';
import type { ErrorRecord, WfError } from '../../engine/model/errors.ts';
import { escapeTerminalControls } from '../../engine/model/json.ts';
import type { Notice } from '../../engine/ports/notifier.ts';
import type { RunResult } from '../../engine/run/engine.ts';
import type { FleetAgentNote } from '../../fleet/agent/fleet-agent.ts';
import type { Answer } from '../../fleet/model/item.ts';
import { isoTime } from '../../review/record/iso-time.ts';
import { notNotifiedLine } from '../../review/text/notice-text.ts';
import { suggestions } from '../../review/text/suggestion.ts';
import { type TextSink, writeLines } from './terminal.ts';

/** An action of an agent, or its start or end. */
export type AgentEvent =
  | AgentNote
  | FleetAgentNote
  | {
      readonly did: 'started';
      readonly database: string;
      readonly pid: number;
      readonly concurrency: number;
    }
  | { readonly did: 'serving'; readonly pid: number; readonly url: string }
  | { readonly did: 'not-serving'; readonly error: WfError }
  | ({ readonly did: 'not-notified'; readonly error: WfError } & Notice)
  | { readonly did: 'ended' };

/** Prints one line for an event: text, or a JSON object. */
export function printAgentEvent(out: TextSink, event: AgentEvent, at: number, json: boolean): void {
  const line = json
    ? escapeTerminalControls(JSON.stringify({ at: isoTime(at), ...recordOf(event) }))
    : `${isoTime(at)} ${suggestions(words(event), out.style)}`;
  writeLines(out, [line]);
}

/** Returns the members of a line with `--json`: `did`, and those that belong to it. */
function recordOf(event: AgentEvent): Readonly<Record<string, unknown>> {
  switch (event.did) {
    case 'started':
    case 'serving':
    case 'ended':
    case 'draining':
    case 'joined':
      return event;
    case 'took':
      return { did: event.did, run: event.item.part, fleet: event.item.fleet, action: event.item.action };
    case 'replied':
      return { did: event.did, run: event.item.part, fleet: event.item.fleet, answer: event.answer };
    case 'disconnected':
    case 'waited':
      return { did: event.did, error: event.error.toRecord(), retryAt: isoTime(event.retryAt) };
    case 'failed':
      return {
        did: event.did,
        ...dueRecord(event.due),
        error: event.error.toRecord(),
        retryAt: isoTime(event.retryAt),
      };
    case 'left':
      return { did: event.did, ...dueRecord(event.due), ...resultRecord(event.result) };
    case 'resumed':
    case 'answered':
      return { did: event.did, ...dueRecord(event.due) };
    case 'not-serving':
    case 'not-notified':
      return { ...event, error: event.error.toRecord() };
  }
}

function dueRecord({ run, why, dueAt }: DueRun) {
  return { run, why, dueAt: isoTime(dueAt) };
}

interface ResultRecord {
  readonly status: string;
  /** When a waiting run is due. */
  readonly until?: string;
  readonly error?: ErrorRecord;
}

function resultRecord(result: RunResult): ResultRecord {
  switch (result.type) {
    case 'ended':
      return 'error' in result.end
        ? { status: result.end.status, error: result.end.error }
        : { status: result.end.status };
    case 'unconfirmed':
      return { status: 'unconfirmed', until: isoTime(result.until) };
    case 'hibernating':
      return { status: 'waiting', until: isoTime(result.until) };
    case 'waiting':
    case 'paused':
    case 'interrupted':
      return { status: result.type };
  }
}

function words(event: AgentEvent): string {
  switch (event.did) {
    case 'started':
      return `agent of ${event.database} started: process ${event.pid}, at most ${event.concurrency} runs at a time`;
    case 'serving':
      return `process ${event.pid} serves the page at ${event.url}; \`wf ui\` prints a link to it`;
    case 'not-serving':
      return `the page is not served: ${errorWords(event.error)}`;
    case 'resumed':
      return `run ${event.due.run} resumed: ${reason(event.due)}`;
    case 'answered':
      return `run ${event.due.run}: a request was refused; \`wf show ${event.due.run}\` shows why`;
    case 'left':
      return `run ${event.due.run} ${resultWords(event.result)}`;
    case 'failed':
      return `run ${event.due.run} not resumed: ${errorWords(event.error)} Next try at ${isoTime(event.retryAt)}.`;
    case 'waited':
      return `the database cannot be used: ${errorWords(event.error)} Next try at ${isoTime(event.retryAt)}.`;
    case 'joined':
      return `host ${event.host} has joined the fleet${event.keyFingerprint === null ? '' : `; its key is ${event.keyFingerprint}`}`;
    case 'disconnected':
      return `disconnected from the fleet: ${errorWords(event.error)} Next try at ${isoTime(event.retryAt)}.`;
    case 'took':
      return `part ${event.item.part}: ${event.item.action === 'run' ? 'to run' : `to roll back: ${event.item.reason}`}`;
    case 'replied':
      return `part ${event.item.part}: ${answerWords(event.answer)}`;
    case 'draining':
      return `${event.signal}: draining, ${event.runs.length === 0 ? 'no run is under way' : `waiting for ${event.runs.join(', ')}`}`;
    case 'not-notified':
      return notNotifiedLine(event, event.error);
    case 'ended':
      return 'agent ended';
  }
}

function answerWords(answer: Answer): string {
  switch (answer.type) {
    case 'ended':
      return answer.error === null ? answer.status : `${answer.status}: ${errorWords(answer.error)}`;
    case 'refused':
      return `refused: ${errorWords(answer.error)}`;
    case 'tombstoned':
      return 'it has not started, and never will';
  }
}

function reason(due: DueRun): string {
  switch (due.why) {
    case 'timer':
      return `its timer or deadline was due at ${isoTime(due.dueAt)}`;
    case 'interrupted':
      return 'its process was gone';
    case 'request':
      return `a request of ${isoTime(due.dueAt)} had no answer`;
  }
}

function resultWords(result: RunResult): string {
  switch (result.type) {
    case 'ended': {
      const { end } = result;
      return 'error' in end ? `ended: ${end.status}: ${errorWords(end.error)}` : `ended: ${end.status}`;
    }
    case 'unconfirmed':
      return `is unconfirmed until ${isoTime(result.until)}`;
    case 'hibernating':
      return `waits until ${isoTime(result.until)}`;
    case 'waiting':
      return 'waits for an event';
    case 'paused':
      return result.stage === null ? 'paused' : `paused after ${result.stage}`;
    case 'interrupted':
      return `is interrupted (${result.signal})`;
  }
}

function errorWords({ code, message, hint }: ErrorRecord): string {
  return `${code}: ${message}. ${hint}`;
}
