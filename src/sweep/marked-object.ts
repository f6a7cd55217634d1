import { parseRunId, type RunId } from '../engine/model/ids.ts';
import type { Owner } from '../engine/model/owner.ts';
import type { Argv } from '../engine/ports/command.ts';
import type { AddressFamily } from '../host/ip/link.ts';

/** Something on this host that carries the mark of a run, whether or not a ledger knows of it. */
export type MarkedObject = MarkedPrivateHost | MarkedDockerObject | MarkedLink | MarkedRoute;

/** The private host of a run on the embedded runtime, with all that is in it. */
export interface MarkedPrivateHost {
  readonly kind: 'private-host';
  /** Pid of its first process. */
  readonly id: string;
  /** Its mark: the run, and the moment at which that was created. */
  readonly name: string;
  readonly run: RunId;
  readonly recognisedBy: string;
  readonly process: Owner;
  readonly undo: Argv;
}

export interface MarkedDockerObject {
  readonly kind: 'container' | 'network';
  readonly id: string;
  readonly name: string;
  readonly run: RunId;
  /** The mark that it carries, for people: `label wf.run=k3v9x2mq7p`. */
  readonly recognisedBy: string;
  /** Removes it by hand. */
  readonly undo: Argv;
}

export interface MarkedLink {
  readonly kind: 'link';
  /** Its ifindex in wf's own network namespace. */
  readonly id: string;
  readonly name: string;
  readonly run: RunId;
  readonly recognisedBy: string;
  readonly undo: Argv;
}

export interface MarkedRoute {
  readonly kind: 'route';
  /** The words that identify it: `default via 10.0.0.1 dev eth1 proto 119`. */
  readonly id: string;
  readonly name: string;
  /** A route's mark says "a run of wf", not which: that of the link it leads over, or null where that one tells none. */
  readonly run: RunId | null;
  readonly recognisedBy: string;
  readonly family: AddressFamily;
  readonly words: readonly string[];
  readonly undo: Argv;
}

/** The run that a mark names; null where it can be none of wf's: somebody else may use the same label. */
export function markedRun(mark: string | undefined): RunId | null {
  return mark === undefined ? null : (parseRunId(mark) ?? null);
}

/** The word of a route that follows this one: its gateway (`via`), its link (`dev`). */
export function wordAfter(words: readonly string[], word: string): string | undefined {
  const position = words.indexOf(word);
  return position === -1 ? undefined : words[position + 1];
}
