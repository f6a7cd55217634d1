import type { WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { Argv } from './command.ts';

/** Why people are notified of a run. `recovered`: after another notice, the run needs nobody any more. */
export type NoticeReason = 'failed' | 'needs-attention' | 'waiting' | 'unconfirmed' | 'recovered';

export interface Notice {
  readonly run: RunId;
  readonly reason: NoticeReason;
}

/** A command to run with the record of a run, as it is at this moment, on its standard input. */
export interface NotifyCommand extends Notice {
  readonly argv: Argv;
  /** Redacts the secrets of the run, which the environment of this process may hold. */
  redact(text: string): string;
}

/** Notifies people of runs, through their own commands. */
export interface NotifierPort {
  /**
   * Returns the command with the path of its program, wherever it is called from.
   * @throws WfError E_TOOL_MISSING; E_UNTRUSTED if another user could have written the program
   */
  locate(argv: Argv): Argv;
  /** Sends a notice in the background. Never throws: `failed` receives the error, if there is one. */
  send(notice: NotifyCommand, failed: (error: WfError) => void): void;
  /**
   * Resolves once no notice is under way, at the latest after their time-out; undefined if none is. A notice that `stop` ends, or that is
   * too late, has failed.
   */
  sent(stop: AbortSignal): Promise<void> | undefined;
}
