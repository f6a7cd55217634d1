import type { HistoryPort } from '../engine/ports/history.ts';
import type { HistoryPruner } from './prune/prune.ts';
import type { HistoryReader } from './reader.ts';
import type { RunFileContent } from './transfer/run-file.ts';

/** The history as the commands use it: what the engine needs of it, and the keeping of what is old or from elsewhere. */
export interface History extends HistoryPort, HistoryReader, HistoryPruner {
  /**
   * Stores a run of another machine, to be looked at: nobody resumes it or rolls it back here, and what it changed does not
   * count as this host's. @param at now, in milliseconds since the epoch
   * @throws WfError E_RUN_EXISTS; E_RUN_FILE_INVALID: nothing was stored.
   */
  importRun(content: RunFileContent, at: number): void;
}
