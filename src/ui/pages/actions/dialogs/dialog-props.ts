import type { RunView } from '../../../views/runs/run-view.ts';
import type { PageError } from '../../live/api.ts';
import type { PageFrame } from '../../page-model.ts';
import type { AskedAction } from '../act-on-run.ts';

/** The properties of every dialog of an action. */
export interface DialogProps {
  readonly frame: PageFrame;
  readonly view: RunView;
  act(asked: AskedAction): Promise<PageError | null>;
  onClose(): void;
}
