import { ActionDialog } from '../actions/dialogs/action-dialog.tsx';
import { askApi, whenDone } from '../live/api.ts';
import { browser } from '../live/browser.ts';
import type { PageFrame } from '../page-model.ts';
import { PlanTable } from './plan-table.tsx';
import type { Planned, StartBody } from './start-form.tsx';

interface StartDialogProps {
  readonly frame: PageFrame;
  readonly workflow: string;
  readonly planned: Planned;
  readonly body: StartBody;
  readonly command: string;
  onClose(): void;
}

/** Shows what a run will do, starts it, and opens its page. */
export function StartDialog({ frame, workflow, planned, body, command, onClose }: StartDialogProps) {
  return (
    <ActionDialog
      frame={frame}
      title={`Start a run of ${workflow}`}
      act="Start the run"
      command={command}
      refusal={null}
      isReady
      onAct={async () => {
        const begun = await askApi<{ readonly id: string }>(frame, `/workflows/${workflow}/runs`, body);
        const answer = await whenDone(frame, begun);
        if (answer.type === 'refused') return answer.error;
        browser().go(answer.type === 'done' ? `${frame.basePath}/runs/${answer.document.id}` : `${frame.basePath}/`);
        return null;
      }}
      onClose={onClose}
    >
      <PlanTable {...planned} />
    </ActionDialog>
  );
}
