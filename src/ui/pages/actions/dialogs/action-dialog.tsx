import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageError } from '../../live/api.ts';
import type { PageFrame } from '../../page-model.ts';
import { Command } from '../../parts/command.tsx';
import { ErrorNotice } from '../../parts/error-notice.tsx';

export interface ActionDialogProps {
  readonly frame: PageFrame;
  readonly title: string;
  /** The label of the button that acts. */
  readonly act: string;
  readonly isDangerous?: boolean;
  /** The command that does the same in a terminal. */
  readonly command: string;
  /** Why it would be refused now; null if it would not. */
  readonly refusal: PageError | null;
  /** Whether the dialog shows what will happen. */
  readonly isReady: boolean;
  /**
   * Acts. Resolves to why nothing was done; to `incomplete` if the fields show what is missing; to null once it is done, or under way: the
   * dialog closes.
   */
  onAct(): Promise<PageError | 'incomplete' | null>;
  onClose(): void;
  /** Fields that decide what will happen: they stay while wf reads that. */
  readonly fields?: ComponentChildren;
  readonly children: ComponentChildren;
}

interface DialogElement {
  showModal(): void;
  close(): void;
}

interface TitleElement {
  focus(): void;
}

/** Shows what an action will do, and does it with its one button. */
export function ActionDialog(props: ActionDialogProps) {
  const { frame, title, act, isDangerous = false, command, refusal, isReady, onAct, onClose, fields, children } = props;
  const dialog = useRef<DialogElement | null>(null);
  const heading = useRef<TitleElement | null>(null);
  const isActing = useRef(false);
  const isClosed = useRef(false);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<PageError | null>(null);
  useEffect(() => {
    dialog.current?.showModal();
    // People read what will happen before they reach the button.
    heading.current?.focus();
  }, []);

  // The event `close` may arrive after the next key.
  const close = () => {
    if (isClosed.current) return;
    isClosed.current = true;
    dialog.current?.close();
    onClose();
  };
  const submit = async () => {
    // A second click may arrive before the button is disabled.
    if (isActing.current || refusal !== null || !isReady) return;
    isActing.current = true;
    setIsBusy(true);
    setError(null);
    const refused = await onAct();
    isActing.current = false;
    setIsBusy(false);
    if (refused === null) close();
    else if (refused !== 'incomplete') setError(refused);
  };

  // Updates about its own effect may arrive before the answer.
  const shown = isBusy ? null : (error ?? refusal);
  return (
    <dialog
      class="action-dialog"
      aria-labelledby="action-title"
      ref={(element: DialogElement | null) => {
        dialog.current = element;
      }}
      onCancel={close}
      onClose={close}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h2
          id="action-title"
          tabIndex={-1}
          ref={(element: TitleElement | null) => {
            heading.current = element;
          }}
        >
          {title}
        </h2>
        {fields}
        {isReady || refusal !== null ? children : <p class="quiet">Reading what will happen.</p>}
        <div role="alert">{shown === null ? null : <ErrorNotice frame={frame} error={shown} />}</div>
        <p class="same-command">
          <span class="quiet">The same in a terminal:</span> <Command line={command} />
        </p>
        <div class="dialog-buttons">
          <button type="button" onClick={close}>
            Close
          </button>
          <button
            type="submit"
            class={isDangerous ? 'danger' : 'primary'}
            aria-disabled={isBusy || !isReady || refusal !== null}
          >
            {isBusy ? 'Working' : act}
          </button>
        </div>
      </form>
    </dialog>
  );
}
