import type { ErrorRecord } from '../../../engine/model/errors.ts';
import type { PageFrame } from '../page-model.ts';
import { ErrorText } from '../parts/error-text.tsx';
import { Suggested } from '../parts/suggested.tsx';

interface CopyNoticeProps {
  readonly frame: PageFrame;
  readonly hasAddress: boolean;
  /** Why Restate does not answer; null if it does. */
  readonly problem: ErrorRecord | null;
  readonly text: string;
}

/** Reports that a page shows copies, and why. */
export function CopyNotice({ frame, hasAddress, problem, text }: CopyNoticeProps) {
  if (problem !== null) {
    return (
      <ErrorText error={problem} namedDatabase={frame.namedDatabase}>
        <p>{text}</p>
      </ErrorText>
    );
  }
  if (hasAddress) return null;
  return (
    <p class="quiet">
      {text} <Suggested frame={frame} text="`wf ui --fleet URL` shows fleet runs as they are now." />
    </p>
  );
}
