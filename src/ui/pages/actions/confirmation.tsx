import { useState } from 'preact/hooks';
import { FieldFrame } from '../forms/field-frame.tsx';
import { useCountdown } from '../live/use-countdown.ts';
import { Command } from '../parts/command.tsx';
import { Moment } from '../parts/moment.tsx';
import { ActionDialog } from './action-dialog.tsx';
import { ChangeList } from './change-list.tsx';
import { CommentField } from './comment-field.tsx';
import type { DialogProps } from './dialog-props.ts';
import { commentOption, typedCommand } from './typed-command.ts';
import { usePreview } from './use-preview.ts';

type Open = 'confirm' | 'extend';

/** An unconfirmed run, with the time until its changes are taken back. */
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
        The run has ended, and is not confirmed. Its changes are taken back at <Moment at={deadline} />, unless somebody
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

function ConfirmDialog({ frame, view, act, onClose }: DialogProps) {
  const { id } = view.run;
  const { preview, refusal } = usePreview(frame, view, 'confirm');
  const [comment, setComment] = useState('');
  const keeps = preview?.keeps ?? [];
  return (
    <ActionDialog
      frame={frame}
      title={`Confirm run ${id}`}
      act="Keep the changes"
      command={typedCommand(frame, 'confirm', [id], commentOption(comment))}
      refusal={refusal}
      isReady={preview !== null}
      onAct={() =>
        act({ name: 'confirm', body: { comment }, words: ({ status }) => `The run is confirmed: it is ${status}.` })
      }
      onClose={onClose}
    >
      {keeps.length === 0 ? (
        <p>The run ends as succeeded.</p>
      ) : (
        <>
          <p>The run ends as succeeded, and {keeps.length === 1 ? 'this change stays' : 'these changes stay'}:</p>
          <ChangeList changes={keeps} />
        </>
      )}
      <CommentField comment={comment} onType={setComment} />
    </ActionDialog>
  );
}

function ExtendDialog({ frame, view, act, onClose }: DialogProps) {
  const { id } = view.run;
  const { preview, refusal } = usePreview(frame, view, 'confirm');
  const [extend, setExtend] = useState('10m');
  const [comment, setComment] = useState('');
  const [problem, setProblem] = useState<string | undefined>(undefined);
  return (
    <ActionDialog
      frame={frame}
      title={`Extend the deadline of run ${id}`}
      act="Extend"
      command={typedCommand(frame, 'confirm', [id], [['--extend', extend], ...commentOption(comment)])}
      refusal={refusal}
      isReady={preview !== null}
      onAct={async () => {
        if (!/^(?:\d{1,7}[smhdw])+$/.test(extend)) {
          setProblem('Write it as 90s, 15m or 1h30m.');
          return 'incomplete';
        }
        return act({ name: 'confirm', body: { extend, comment }, words: () => 'The deadline is extended.' });
      }}
      onClose={onClose}
    >
      <p>
        The changes are taken back at <Moment at={preview?.deadline ?? null} /> now. The new deadline counts from the
        moment of the request.
      </p>
      <FieldFrame id="extend-by" label="Time from now" hint="Such as 90s, 15m or 1h30m." problem={problem}>
        <input
          id="extend-by"
          aria-describedby="extend-by-hint extend-by-problem"
          aria-invalid={problem !== undefined}
          value={extend}
          onInput={(event) => {
            setExtend(event.currentTarget.value);
            setProblem(undefined);
          }}
        />
      </FieldFrame>
      <CommentField comment={comment} onType={setComment} />
    </ActionDialog>
  );
}
