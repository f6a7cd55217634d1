import { useRef, useState } from 'preact/hooks';
import { changeName } from '../../../review/changes/change-name.ts';
import type { ChangeRecord } from '../../../review/record/run-record.ts';
import type { RunView } from '../../views/runs/run-view.ts';
import type { PageFrame } from '../page-model.ts';
import { Command } from '../parts/command.tsx';
import { ErrorNotice } from '../parts/error-notice.tsx';
import { type AskedAction, actOnRun, type Notice } from './act-on-run.ts';
import { ActionButton } from './action-button.tsx';
import { Confirmation } from './confirmation.tsx';
import { PauseDialog } from './dialogs/pause-dialog.tsx';
import { ResumeDialog, RetryDialog } from './dialogs/resume-dialogs.tsx';
import { SettleDialog } from './dialogs/settle-dialog.tsx';
import { CancelDialog, RollbackDialog } from './dialogs/undo-dialogs.tsx';
import { Question } from './question.tsx';
import { typedCommand } from './typed-command.ts';

interface RunActionsProps {
  readonly frame: PageFrame;
  readonly view: RunView;
}

/** The actions with a button, in the order in which a run needs them. */
const BUTTONS = [
  { action: 'pause', label: 'Pause', Dialog: PauseDialog },
  { action: 'resume', label: 'Resume', Dialog: ResumeDialog },
  { action: 'retry', label: 'Retry', Dialog: RetryDialog },
  { action: 'cancel', label: 'Cancel', Dialog: CancelDialog },
  { action: 'rollback', label: 'Roll back', Dialog: RollbackDialog },
] as const;

/** All requests of people to a run: its question, and buttons for the others. */
export function RunActions({ frame, view }: RunActionsProps) {
  const [open, setOpen] = useState<(typeof BUTTONS)[number] | null>(null);
  const [settling, setSettling] = useState<ChangeRecord | null>(null);
  const [notice, setNotice] = useState<Notice | null>(null);
  const noticed = useRef<{ focus(): void } | null>(null);
  const hasActed = useRef(false);
  const act = async (asked: AskedAction) => {
    setNotice(null);
    const refused = await actOnRun(frame, view.run.id, asked, setNotice);
    hasActed.current = refused === null;
    return refused;
  };
  // The button that opened the dialog may be gone.
  const onClosed = () => {
    if (hasActed.current) noticed.current?.focus();
    hasActed.current = false;
  };
  const props = { frame, view, act };
  const stuck = view.changes.filter(({ status }) => status === 'stuck');
  return (
    <div class="actions">
      <Question {...props} onClose={onClosed} />
      <Confirmation {...props} onClose={onClosed} />
      {stuck.length === 0 ? null : <StuckChanges frame={frame} view={view} stuck={stuck} onSettle={setSettling} />}
      <div class="action-bar">
        {frame.allowActions ? (
          <ul class="action-buttons" aria-label="Actions on the run">
            {BUTTONS.map((button) => (
              <li key={button.action}>
                <ActionButton
                  frame={frame}
                  label={button.label}
                  refusal={view.actions[button.action]}
                  onPress={() => setOpen(button)}
                />
              </li>
            ))}
          </ul>
        ) : null}
        <div
          role="status"
          class="notice"
          tabIndex={-1}
          ref={(element: { focus(): void } | null) => {
            noticed.current = element;
          }}
        >
          {notice === null ? null : <NoticeText frame={frame} notice={notice} />}
        </div>
      </div>
      {settling === null ? null : (
        <SettleDialog
          {...props}
          change={settling}
          onClose={() => {
            setSettling(null);
            onClosed();
          }}
        />
      )}
      {open === null ? null : (
        <open.Dialog
          key={open.action}
          {...props}
          onClose={() => {
            setOpen(null);
            onClosed();
          }}
        />
      )}
    </div>
  );
}

function NoticeText({ frame, notice }: { readonly frame: PageFrame; readonly notice: Notice }) {
  if (notice.type === 'refused') return <ErrorNotice frame={frame} error={notice.error} />;
  const { text, run } = notice;
  return (
    <p>
      {text} {run === undefined ? null : <a href={`${frame.basePath}/runs/${run}`}>run {run}</a>}
    </p>
  );
}

interface StuckChangesProps extends RunActionsProps {
  readonly stuck: readonly ChangeRecord[];
  onSettle(change: ChangeRecord): void;
}

/** The changes that a person has to settle. */
function StuckChanges({ frame, view, stuck, onSettle }: StuckChangesProps) {
  return (
    <section class="stuck-changes" aria-labelledby="stuck-title">
      <h2 id="stuck-title">{stuck.length === 1 ? 'A change' : `${stuck.length} changes`} could not be undone</h2>
      <ul>
        {stuck.map((change) => (
          <li key={change.seq}>
            <span class="target">{changeName(change)}</span>
            {change.reason === null ? '' : `: ${change.reason}`}{' '}
            {frame.allowActions ? (
              <ActionButton
                frame={frame}
                label={`Settle change ${change.seq}`}
                refusal={view.actions.settle}
                onPress={() => onSettle(change)}
              />
            ) : (
              <Command
                line={typedCommand(
                  frame,
                  'settle',
                  [view.run.id, String(change.seq)],
                  [
                    ['--as', 'gone'],
                    ['--reason', '...'],
                  ],
                )}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
