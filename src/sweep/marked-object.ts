import type { Owner } from '../engine/model/identity/owner.ts';
import { parseRunId, type RunId } from '../engine/model/ids.ts';
import type { Argv } from '../engine/ports/command.ts';
import type { AddressFamily } from '../host/ip/link.ts';

/** An object of this host with the mark of a run, whether or not it is in a ledger. */
export type MarkedObject =
  | MarkedPrivateHost
  | MarkedDockerObject
  | MarkedConnection
  | MarkedSwarm
  | MarkedLink
  | MarkedRoute;

/** Private host of a run on the embedded runtime, with its contents. */
export interface MarkedPrivateHost {
  readonly kind: 'private-host';
  /** Pid of its first process. */
  readonly id: string;
  /** Its mark: the run and its creation time. */
  readonly name: string;
  readonly run: RunId;
  readonly recognisedBy: string;
  readonly process: Owner;
  readonly undo: Argv;
}

export interface MarkedDockerObject {
  readonly kind: 'container' | 'network' | 'volume';
  /** A volume has none but its name. */
  readonly id: string;
  readonly name: string;
  readonly run: RunId;
  /** The mark in words: `label wf.run=k3v9x2mq7p`. */
  readonly recognisedBy: string;
  /** Command that removes it by hand. */
  readonly undo: Argv;
}

/** Connection of a container, of another run or of somebody else, to a further network. */
export interface MarkedConnection {
  readonly kind: 'connection';
  readonly id: string;
  readonly name: string;
  readonly run: RunId;
  readonly recognisedBy: string;
  readonly containerId: string;
  readonly container: string;
  readonly networkId: string;
  readonly network: string;
  readonly undo: Argv;
}

/** Membership of an engine in a swarm, or a node in the list of a manager. */
export interface MarkedSwarm {
  readonly kind: 'swarm' | 'swarm-node';
  /** The id of the node. */
  readonly id: string;
  readonly name: string;
  readonly run: RunId;
  readonly recognisedBy: string;
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
  /** Words that identify the route: `default via 10.0.0.1 dev eth1 proto 119`. */
  readonly id: string;
  readonly name: string;
  /** Run of the link that the route uses, because a route's mark identifies wf and not the run; null if the link has none. */
  readonly run: RunId | null;
  readonly recognisedBy: string;
  readonly family: AddressFamily;
  readonly words: readonly string[];
  readonly undo: Argv;
}

/** Parses the run in a mark; null if it is no run id of wf: another program may use the same label. */
export function markedRun(mark: string | undefined): RunId | null {
  return mark === undefined ? null : (parseRunId(mark) ?? null);
}

/** Returns the word of a route that follows this one: its gateway (`via`), its link (`dev`). */
export function wordAfter(words: readonly string[], word: string): string | undefined {
  const position = words.indexOf(word);
  return position === -1 ? undefined : words[position + 1];
}
