import type { RunId } from '../../engine/model/ids.ts';
import type { StoredRunStatus } from '../../engine/ports/history.ts';
import type { RunHandle } from '../../engine/run/engine.ts';
import type { TextStyle } from '../../review/text/format/text-style.ts';
import { suggestions } from '../../review/text/suggestion.ts';
import { signalExitCode } from '../output/errors/exit-code.ts';
import type { ProgressView } from '../output/progress-view.ts';
import type { StopSignal, Terminal } from '../output/terminal.ts';

/** Effect of a terminal hangup on the run. */
export type OnHangup = 'continue' | 'interrupt';

type Interruptible = Pick<RunHandle, 'id' | 'interrupt'>;
type View = Pick<ProgressView, 'print' | 'isRollingBack'>;

export interface Interruption {
  /** The first signal, if one has arrived. */
  readonly signal: StopSignal | undefined;
  /** Sets the view that reports the effect of a signal. */
  reportThrough(view: View): void;
  /** Sets the run to interrupt; an earlier signal is passed on at once. */
  attach(handle: Interruptible): void;
  /** Stops listening for signals. */
  end(): void;
}

/**
 * Watches for stop signals: the first one interrupts the run, which finishes the current step; the second one ends the process at
 * once. Either way the journal records the changes in place. After SIGHUP the run continues without a terminal, or is interrupted.
 */
export function watchForInterruption(terminal: Terminal, onHangup: OnHangup = 'continue'): Interruption {
  let first: StopSignal | undefined;
  let attached: Interruptible | undefined;
  let view: View = { print: (text) => terminal.err.write(`${text}\n`), isRollingBack: () => false };
  const stop = (signal: StopSignal) => {
    if (first === undefined) {
      first = signal;
      const underWay = view.isRollingBack() ? 'the current undo' : 'the current step';
      view.print(`${signal}: stopping after ${underWay}; repeat it to stop at once`);
      attached?.interrupt(signal);
      return;
    }
    if (attached !== undefined)
      view.print(howToContinue(attached.id, view.isRollingBack() ? 'rolling-back' : 'running', terminal.err.style));
    terminal.exitNow(signalExitCode(first));
  };
  const unlisten = [
    terminal.onStopSignal(stop),
    terminal.onHangup(() => {
      if (onHangup === 'interrupt') stop('SIGTERM');
      else view.print(`SIGHUP: run ${attached?.id ?? ''} continues without a terminal`);
    }),
  ];
  return {
    get signal() {
      return first;
    },
    reportThrough(next) {
      view = next;
    },
    attach(handle) {
      attached = handle;
      if (first !== undefined) handle.interrupt(first);
    },
    end() {
      for (const end of unlisten) end();
    },
  };
}

/** Returns how to resume or undo a run that was stopped. */
export function howToContinue(id: RunId, status: StoredRunStatus, style: TextStyle): string {
  return suggestions(wordsToContinue(id, status), style);
}

function wordsToContinue(id: RunId, status: StoredRunStatus): string {
  switch (status) {
    case 'rolling-back':
      return `the rollback of run ${id} is interrupted; \`wf rollback ${id}\` continues it`;
    case 'unconfirmed':
      return `run ${id} is not confirmed yet; \`wf confirm ${id}\` keeps its changes, \`wf rollback ${id}\` undoes them now`;
    default:
      return `run ${id} is interrupted; \`wf resume ${id}\` resumes it, \`wf rollback ${id}\` undoes it`;
  }
}
