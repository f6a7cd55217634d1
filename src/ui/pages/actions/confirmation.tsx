import { useState } from 'preact/hooks';
import { useCountdown } from '../live/use-countdown.ts';
import { Command } from '../parts/command.tsx';
import { Moment } from '../parts/moment.tsx';
import { ConfirmDialog, ExtendDialog } from './dialogs/confirm-dialogs.tsx';
import type { DialogProps } from './dialogs/dialog-props.ts';
import { typedCommand } from './typed-command.ts';

type Open = 'confirm' | 'extend';

/** An unconfirmed run, with the time until its changes are undone. */
export function Confirmation({ frame, view, act, onClose }: DialogProps) {
  const [open, setOpen] = useState<Open | null>(null);
  const close = () => {
    setOpen(null);
    onClose();
  };
  const props = { frame, view, act, onClose: close };
  return (
    <>
      <Unconfirmed frame={frame} view={view} onOpen={setOpen} />
      {open === 'confirm' ? <ConfirmDialog {...props} /> : null}
      {open === 'extend' ? <ExtendDialog {...props} /> : null}
    </>
  );
}

interface UnconfirmedProps extends Pick<DialogProps, 'frame' | 'view'> {
  onOpen(dialog: Open): void;
}

function Unconfirmed({ frame, view: { run }, onOpen }: UnconfirmedProps) {
  const deadline = run.waitingFor?.confirm?.deadline;
  if (deadline === undefined) return null;
  return (
    <section class="question" id="question" aria-labelledby="confirmation-title">
      <h2 id="confirmation-title">Keep the changes?</h2>
      <p class="question-text">
        The run has ended, and is not confirmed. Its changes are undone at <Moment at={deadline} />, unless somebody
        confirms it. <Countdown frame={frame} deadline={deadline} />
      </p>
      {frame.allowActions ? (
        <div class="answers">
          <button type="button" class="primary" onClick={() => onOpen('confirm')}>
            Confirm
          </button>
          <button type="button" onClick={() => onOpen('extend')}>
            Extend
          </button>
        </div>
      ) : (
        <Command line={typedCommand(frame, 'confirm', [run.id])} />
      )}
    </section>
  );
}

function Countdown({ frame, deadline }: Pick<DialogProps, 'frame'> & { readonly deadline: string }) {
  const leftMs = useCountdown(frame, Date.parse(deadline));
  return (
    <span class="countdown" role="timer">
      {leftMs === null ? '' : leftMs === 0 ? 'Now.' : `${clockText(leftMs)} left.`}
    </span>
  );
}

/** Returns `1:05`, or `2:00:00`. */
function clockText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}
