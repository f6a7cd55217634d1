import type { RunView } from '../../views/run-view.ts';
import type { PageFrame } from '../page-model.ts';

interface RunActionsProps {
  readonly frame: PageFrame;
  readonly view: RunView;
}

/** What can be done to the run. */
export function RunActions(_props: RunActionsProps) {
  return null;
}
