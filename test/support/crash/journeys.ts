import type { RunRecord } from '../command/run-record.ts';
import type { Subject } from './subject.ts';

/** A way to bring a run to its end by one command that is killed on the way, perhaps after others. */
export interface Journey {
  readonly name: string;
  /** Brings the run to the state in which the command starts. */
  prepare(subject: Subject, run: string): Promise<void>;
  command(subject: Subject, run: string): readonly string[];
  /** The end of the run without a kill. */
  readonly end: RunRecord['status'];
  /** The end of the run if it is killed, and resumed before a rollback begins. */
  readonly endResumed: RunRecord['status'];
}

const nothing = async () => {};

/** From the start to the end, including the teardown. */
export const forward: Journey = {
  name: 'start',
  prepare: nothing,
  command: (subject, run) => subject.start(run),
  end: 'succeeded',
  endResumed: 'succeeded',
};

/** A run that fails and rolls itself back. */
export const failing: Journey = {
  name: 'start that fails',
  prepare: nothing,
  command: (subject, run) => subject.startFailing(run),
  end: 'rolled-back',
  endResumed: 'rolled-back',
};

/** The recovery of a run that was killed at `point`. */
export function recovering(verb: 'resume' | 'rollback', point: string): Journey {
  return {
    name: `${verb} after a kill ${point}`,
    async prepare({ lane, start }, run) {
      const end = await lane.wf(start(run), { at: point });
      if (end.signal !== 'SIGKILL') throw new Error(`not killed ${point}: ${end.stdout}${end.stderr}`);
    },
    command: (_subject, run) => [verb, run, '--json'],
    end: verb === 'resume' ? 'succeeded' : 'rolled-back',
    endResumed: 'succeeded',
  };
}

/** Whether a failing run reaches this point only after its failure. */
export function isOnTheWayBack(point: string): boolean {
  return / touch .* undo | commit (step\.failed|rolling-back|change\.reverting|change\.settled|verified|ended)/.test(
    point,
  );
}
