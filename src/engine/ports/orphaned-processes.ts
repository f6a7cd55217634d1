import type { ProcessMark } from '../model/identity/process-mark.ts';

/** A process that has outlived the wf that started it. */
export interface OrphanedProcess {
  readonly pid: number;
  /** Its command line, for reading. */
  readonly command: string;
  readonly mark: ProcessMark;
}

/** Finds and ends processes by the mark in their environment: never by name, never by pid alone. */
export interface OrphanedProcessPort {
  /**
   * Ends (SIGTERM, then SIGKILL) every process on this machine whose mark `isOrphan` accepts, and waits until none of them runs, nor any
   * that they started meanwhile. Returns the processes that it found.
   * @throws WfError E_ORPHAN_ALIVE naming those that it could not end, or may not (another user's)
   */
  end(isOrphan: (mark: ProcessMark) => boolean): Promise<readonly OrphanedProcess[]>;
}
