import type { RunHandle } from '../engine/engine.ts';
import { signalExitCode } from './exit-code.ts';
import type { StopSignal, Terminal } from './terminal.ts';

export interface Interruption {
  /** The run that is to be interrupted; a signal that came before is passed on now. */
  attach(handle: Pick<RunHandle, 'interrupt'>): void;
  /** Signals are no longer listened to. */
  end(): void;
}

/**
 * From now on the first signal to stop interrupts the run, which lets what is under way come to its outcome; the second
 * one ends the process at once. Either way the journal knows what stands on the host.
 */
export function watchForInterruption(terminal: Terminal, say: (text: string) => void): Interruption {
  let first: StopSignal | undefined;
  let attached: Pick<RunHandle, 'interrupt'> | undefined;
  const end = terminal.onStopSignal((signal) => {
    if (first !== undefined) {
      terminal.exitNow(signalExitCode(first));
      return;
    }
    first = signal;
    say(`${signal}: the step under way is let come to its outcome, then the run stops; once more to stop at once`);
    attached?.interrupt(signal);
  });
  return {
    attach(handle) {
      attached = handle;
      if (first !== undefined) handle.interrupt(first);
    },
    end,
  };
}
