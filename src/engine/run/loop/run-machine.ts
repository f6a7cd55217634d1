import { type Decision, decide, decideStart } from '../../machine/decide/decide.ts';
import { type MachineState, type MachineStatus, waitsFor } from '../../machine/decide/machine-state.ts';
import type { MachineModel } from '../../machine/machine-model.ts';
import type { ErrorRecord, WfError } from '../../model/errors.ts';
import type { RunHeader } from '../../model/journal-event.ts';
import { toJson } from '../../model/json.ts';
import type { MachineEvent } from '../../model/machine-event.ts';
import type { Cancellation } from '../../requests/cancellation.ts';
import { type MachineEnd, machineEnd } from './machine-end.ts';
import type { StartStep } from './open-steps.ts';

interface RunOfMachine {
  readonly model: MachineModel;
  readonly header: RunHeader;
  /** The stage after which the run pauses; null if it does not. */
  readonly pauseAfter: string | null;
}

/** The machine of a run that this process advances: its state, and how it ended. */
export class RunMachine {
  readonly #run: RunOfMachine;
  #state: MachineState | undefined;
  #stages: readonly string[] = [];
  #ended: MachineStatus | undefined;
  #lastFailure: ErrorRecord | undefined;
  #cancelled: Cancellation | undefined;
  #pausedAfter: string | undefined;

  constructor(run: RunOfMachine) {
    this.#run = run;
  }

  /** Undefined before its first decision. */
  get state(): MachineState | undefined {
    return this.#state;
  }

  /** The stage which it has left, and after which the run pauses; undefined if it has not. */
  get pausedAfter(): string | undefined {
    return this.#pausedAfter;
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** How it ended; undefined while it is active. */
  get end(): MachineEnd | undefined {
    if (this.#ended === undefined) return undefined;
    const end = machineEnd(this.#ended, this.#lastFailure);
    if (this.#cancelled === undefined || end.type === 'done') return end;
    return { ...end, onFailure: this.#cancelled.keep ? 'keep' : 'rollback' };
  }

  /** Whether it waits for the outcome of this step. */
  isActive(start: StartStep): boolean {
    return this.#ended === undefined && this.#state !== undefined && waitsFor(this.#state, start);
  }

  /**
   * Returns its decision on an event, without entering the next state.
   * @param event null for its start
   * @throws WfError if a function of the machine throws
   */
  decide(event: MachineEvent | null, now: number, timer?: string): Decision {
    const { model, header } = this.#run;
    if (event === null || this.#state === undefined) return decideStart(model, header, now);
    return decide(model, this.#state, event, now, timer);
  }

  enter({ state, stages, status }: Decision): void {
    const { pauseAfter } = this.#run;
    const isActive = status.type === 'active';
    if (pauseAfter !== null && isActive && this.#stages.includes(pauseAfter) && !stages.includes(pauseAfter)) {
      this.#pausedAfter = pauseAfter;
    }
    this.#stages = stages;
    this.#state = state;
    if (!isActive) this.#ended = status;
  }

  /** Continues where the journal of an earlier process ends. */
  restore(decision: Decision, lastFailure: ErrorRecord | undefined): void {
    this.enter(decision);
    this.#lastFailure = lastFailure;
  }

  /** Keeps the error of a step, by which the machine may end. */
  stepFailed(error: ErrorRecord): void {
    this.#lastFailure = error;
  }

  /** Ends the machine with an error. */
  fail(error: WfError): void {
    this.#lastFailure = error.toRecord();
    this.#ended = { type: 'error', error: toJson(this.#lastFailure) };
  }

  cancel(cancellation: Cancellation): void {
    this.#cancelled = cancellation;
    this.fail(cancellation.error);
  }
}
