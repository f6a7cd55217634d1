import type { Demand, FleetHead, FleetRequest, FleetRun, FleetStatus } from './model/fleet-run.ts';
import type { FleetId, HostName, ItemId, SessionId } from './model/ids.ts';
import type { Answer, Item } from './model/item.ts';
import type { Mailbox, Progress, SessionRequest } from './model/mailbox.ts';
import type { SealedSecrets } from './model/sealed.ts';

/** A fleet run in a list. Times are in milliseconds since the epoch. */
export interface FleetSummary {
  readonly id: FleetId;
  readonly workflow: string;
  readonly status: FleetStatus;
  readonly hosts: number;
  readonly createdAt: number;
  readonly finishedAt: number | null;
}

/** A host with a mailbox. */
export type HostState = Pick<Mailbox, 'host' | 'session' | 'seenAt' | 'writtenOff' | 'progress'> & {
  /** Items that the host has not answered. */
  readonly items: number;
};

/** The mailbox of one host, for its agent. */
export interface MailboxTransport {
  /**
   * Opens the session of an agent.
   * @throws WfError E_MAILBOX_HELD while another agent has one; E_FLEET_UNREACHABLE; the reason of the signal
   */
  open(host: HostName, request: SessionRequest, signal: AbortSignal): Promise<void>;
  /**
   * Waits until the first item of the mailbox is not `current`, and returns it; null if the mailbox is empty, `unchanged` after a while.
   * @throws WfError E_MAILBOX_HELD if the session is over; E_FLEET_UNREACHABLE; the reason of the signal
   */
  next(
    host: HostName,
    given: { readonly session: SessionId; readonly current: ItemId | null; readonly progress: Progress | null },
    signal: AbortSignal,
  ): Promise<Item | null | 'unchanged'>;
  /**
   * Asks over a new connection whether the fleet keeps the part of an item; false if a rollback has taken its place. An answer proves that
   * the host reaches the fleet after its change. @throws as `next`
   */
  confirm(
    host: HostName,
    given: { readonly session: SessionId; readonly item: ItemId },
    signal: AbortSignal,
  ): Promise<boolean>;
  /** Answers an item. A repeated answer, or one for a replaced item, changes nothing. @throws as `next` */
  answer(
    host: HostName,
    given: { readonly session: SessionId; readonly item: ItemId; readonly answer: Answer },
    signal: AbortSignal,
  ): Promise<void>;
}

/** Access to fleet runs, for people. */
export interface FleetControl {
  /**
   * Starts a fleet run; the same request with the same id starts it once.
   * @param sealed values of its secret inputs; a retry takes those of the fleet run that it retries
   * @throws WfError E_FLEET_EXISTS, E_FLEET_UNREACHABLE
   */
  start(request: FleetRequest, sealed?: SealedSecrets): Promise<FleetRun>;
  /** Returns a whole fleet run. @throws WfError E_FLEET_NOT_FOUND; the reason of the signal */
  show(id: FleetId, signal?: AbortSignal): Promise<FleetRun>;
  /**
   * Returns the head of a fleet run once its version is higher than `after`, or after a while. Reads it a few times a second at most, at
   * the same cost for any number of hosts. @throws as `show`
   */
  follow(id: FleetId, after: number, signal?: AbortSignal): Promise<FleetHead>;
  /** Makes a request to a fleet run. @throws WfError E_FLEET_NOT_FOUND, E_REQUEST_REFUSED */
  demand(id: FleetId, demand: Demand): Promise<FleetRun>;
  /** Lists the newest fleet runs, newest first. */
  fleets(): Promise<readonly FleetSummary[]>;
  /** Lists the names of the hosts whose agents have connected. */
  hostNames(): Promise<readonly HostName[]>;
  /** Lists these hosts, by name. Reads the mailbox of each. */
  hosts(): Promise<readonly HostState[]>;
  /** Writes a host off. Returns the fleet runs to which it owes an answer. @throws WfError E_HOST_NOT_FOUND */
  writeOff(host: HostName, given: { readonly by: string; readonly reason: string }): Promise<readonly FleetId[]>;
}

/** The engine of fleet runs: it stores mailboxes and fleet runs, and delivers messages between them. */
export type FleetTransport = MailboxTransport & FleetControl;
