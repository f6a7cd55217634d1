import type { WfError } from '../model/errors.ts';
import type { RunId } from '../model/ids.ts';
import type { Argv } from './command.ts';

/** Why people are told about a run. `recovered`: it needs nobody any more, after another notice. */
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

/** Tells people about runs, through commands of theirs. */
export interface NotifierPort {
  /**
   * Returns the command with the path of its program, wherever it is called from.
   * @throws WfError E_TOOL_MISSING; E_UNTRUSTED if another user could have written the program
   */
  locate(argv: Argv): Argv;
  /** Sends a notice in the background. Never throws: `failed` receives the error, if there is one. */
  send(notice: NotifyCommand, failed: (error: WfError) => void): void;
  /**
   * Resolves once no notice is under way, at the latest after their time-out; undefined if none is. What `stop` ends, or is too late, has
   * failed.
   */
  sent(stop: AbortSignal): Promise<void> | undefined;
}
