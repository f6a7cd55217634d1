import type { AnyMachineSnapshot } from 'xstate';
import type { Ask } from '../model/journal-event.ts';
import { askOf } from './ask.ts';
import type { MachineState } from './decide/machine-state.ts';
import { expectedEvents } from './decide/transition.ts';

/** Returns the types of the outside events that the machine of the run or of a child workflow expects. */
export function eventsExpectedIn(state: MachineState): readonly string[] {
  return [...new Set(snapshotsOf(state).flatMap(expectedEvents))].sort();
}

/** Returns the question that the machine of the run asks people, or else a child workflow. */
export function questionIn(state: MachineState): Ask | undefined {
  return snapshotsOf(state).flatMap((snapshot) => askOf(snapshot) ?? [])[0];
}

function snapshotsOf({ snapshot, children }: MachineState): readonly AnyMachineSnapshot[] {
  return [snapshot, ...[...children.values()].map((child) => child.snapshot)];
}
