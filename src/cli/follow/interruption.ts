import type { RunId } from '../../engine/model/ids.ts';
import type { RunHandle } from '../../engine/run/engine.ts';
import type { TextStyle } from '../../review/text/format/text-style.ts';
import { suggestions } from '../../review/text/suggestion.ts';
import { signalExitCode } from '../output/exit-code.ts';
import type { ProgressView } from '../output/progress-view.ts';
import type { StopSignal, Terminal } from '../output/terminal.ts';

type Interruptible = Pick<RunHandle, 'id' | 'interrupt'>;
type Voice = Pick<ProgressView, 'say' | 'isRollingBack'>;

export interface Interruption {
  /** The first signal that came, if one has. */
  readonly signal: StopSignal | undefined;
  /** Where to say what a signal does: the view of the run that is shown now. */
  speakThrough(view: Voice): void;
  /** The run that is to be interrupted from now on; a signal that came before is passed on at once. */
  attach(handle: Interruptible): void;
  /** Signals are no longer listened to. */
  end(): void;
}

/**
 * From now on the first signal to stop interrupts the run, which lets what is under way come to its outcome; the second
 * one ends the process at once. Either way the journal knows what stands on the host.
 */
export function watchForInterruption(terminal: Terminal): Interruption {
  let first: StopSignal | undefined;
  let attached: Interruptible | undefined;
  let voice: Voice = { say: (text) => terminal.err.write(`${text}\n`), isRollingBack: () => false };
  const end = terminal.onStopSignal((signal) => {
    if (first === undefined) {
      first = signal;
      const underWay = voice.isRollingBack() ? 'the change that is being undone' : 'the step under way';
      voice.say(`${signal}: stopping after ${underWay}; once more to stop at once`);
      attached?.interrupt(signal);
      return;
    }
    if (attached !== undefined) voice.say(howToGoOn(attached.id, voice.isRollingBack(), terminal.err.style));
    terminal.exitNow(signalExitCode(first));
  });
  return {
    get signal() {
      return first;
    },
    speakThrough(view) {
      voice = view;
    },
    attach(handle) {
      attached = handle;
      if (first !== undefined) handle.interrupt(first);
    },
    end,
  };
}

/** Returns how to resume or undo a run that was asked to stop. */
export function howToGoOn(id: RunId, rollingBack: boolean, style: TextStyle): string {
  const words = rollingBack
    ? `run ${id} is interrupted while it is rolled back; \`wf rollback ${id}\` goes on with that`
    : `run ${id} is interrupted; \`wf resume ${id}\` goes on with it, \`wf rollback ${id}\` undoes what it did`;
  return suggestions(words, style);
}
