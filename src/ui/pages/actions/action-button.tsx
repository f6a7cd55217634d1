import { useId } from 'preact/hooks';
import type { PageError } from '../live/api.ts';
import type { PageFrame } from '../page-model.ts';
import { ErrorNotice } from '../parts/error-notice.tsx';

interface ActionButtonProps {
  readonly frame: PageFrame;
  readonly label: string;
  /** Why the action is not allowed now; null if it is. */
  readonly refusal: PageError | null;
  onPress(): void;
}

/** A button that opens a dialog. A button that is not allowed can have the focus, and then shows why. */
export function ActionButton({ frame, label, refusal, onPress }: ActionButtonProps) {
  const id = useId();
  return (
    <span class="action">
      <button
        type="button"
        aria-disabled={refusal !== null}
        aria-describedby={refusal === null ? undefined : id}
        onClick={() => {
          if (refusal === null) onPress();
        }}
      >
        {label}
      </button>
      {refusal === null ? null : (
        <span class="why" id={id} role="tooltip">
          <ErrorNotice frame={frame} error={refusal} />
        </span>
      )}
    </span>
  );
}
