import type { HistoryPort } from '../engine/ports/history.ts';
import type { AgentRegistry } from './agent-work.ts';
import type { HistoryPruner } from './prune/pruner.ts';
import type { HistoryReader } from './reader.ts';
import type { FleetCopy } from './rows/fleet-copies.ts';
import type { StartTimer } from './sqlite/transaction.ts';
import type { Tombstones } from './tombstones.ts';
import type { RunFileContent } from './transfer/run-file.ts';

/** The history as the commands use it: the port of the engine, reading, pruning and importing. */
export interface History extends HistoryPort, HistoryReader, HistoryPruner, AgentRegistry, Tombstones {
  /**
   * Stores a run of another machine for inspection: it cannot be resumed or rolled back here, and its changes do not count as changes
   * of this host. @param at now, in milliseconds since the epoch
   * @throws WfError E_RUN_EXISTS; E_RUN_FILE_INVALID: nothing was stored.
   */
  importRun(content: RunFileContent, at: number): void;
  /** Stores the copy of a fleet run that has ended, unless there is a newer one. */
  putFleetCopy(copy: FleetCopy): void;
  /** Measures each successful commit of this process from now on, with the wait for other writers. */
  timeCommits(start: StartTimer): void;
}
