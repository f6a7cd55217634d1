import { useState } from 'preact/hooks';
import type { Demand } from '../../../fleet/model/fleet-run.ts';
import type { FleetRecord } from '../../../fleet/record/fleet-record.ts';
import type { LiveFleet } from '../../views/fleets/fleet-view.ts';
import { ActionButton } from '../actions/action-button.tsx';
import { ActionDialog } from '../actions/dialogs/action-dialog.tsx';
import { CommentField } from '../actions/dialogs/comment-field.tsx';
import { commentOption, typedCommand } from '../actions/typed-command.ts';
import { askApi } from '../live/api.ts';
import type { PageFrame } from '../page-model.ts';
import { Command } from '../parts/command.tsx';

interface FleetActionsProps {
  readonly frame: PageFrame;
  readonly record: FleetRecord;
  readonly live: LiveFleet;
  /** Called once a request is accepted. */
  onDone(): void;
}

interface Request {
  readonly kind: Demand['kind'];
  readonly label: string;
  /** The label of the button of the dialog. */
  readonly act: string;
  readonly isDangerous?: true;
  effect(record: FleetRecord): string;
}

/** The requests, in the order in which a fleet run needs them. */
const REQUESTS: readonly Request[] = [
  { kind: 'approve', label: 'Approve', act: 'Begin the next wave', effect: nextWave },
  { kind: 'pause', label: 'Pause', act: 'Pause', effect: () => 'No wave begins until somebody approves it.' },
  { kind: 'cancel', label: 'Cancel', act: 'Cancel and undo', isDangerous: true, effect: undoing },
  { kind: 'rollback', label: 'Roll back', act: 'Undo on all hosts', isDangerous: true, effect: undoing },
];

/** All requests of people to a fleet run. */
export function FleetActions({ frame, record, live, onDone }: FleetActionsProps) {
  const [open, setOpen] = useState<Request | null>(null);
  const isAsking = record.waitingFor === 'approval';
  return (
    <div class="actions">
      {isAsking ? (
        <section class="question" aria-labelledby="question-title">
          <h2 id="question-title">Begin the next wave?</h2>
          <p class="question-text">{nextWave(record)}</p>
          {frame.allowActions ? null : <Command line={commandFor(frame, record, live, 'approve', '')} />}
        </section>
      ) : null}
      {frame.allowActions ? (
        <ul class="action-buttons" aria-label="Actions on the fleet run">
          {REQUESTS.map((request) => (
            <li key={request.kind}>
              <ActionButton
                frame={frame}
                label={request.label}
                refusal={live.refusals[request.kind]}
                onPress={() => setOpen(request)}
              />
            </li>
          ))}
        </ul>
      ) : null}
      {open === null ? null : (
        <RequestDialog
          key={open.kind}
          {...{ frame, record, live, onDone }}
          request={open}
          onClose={() => setOpen(null)}
        />
      )}
    </div>
  );
}

interface RequestDialogProps extends FleetActionsProps {
  readonly request: Request;
  onClose(): void;
}

function RequestDialog({ frame, record, live, request, onDone, onClose }: RequestDialogProps) {
  const [comment, setComment] = useState('');
  const { kind, label, act, isDangerous = false, effect } = request;
  return (
    <ActionDialog
      frame={frame}
      title={`${label}: fleet run ${record.id}`}
      act={act}
      isDangerous={isDangerous}
      command={commandFor(frame, record, live, kind, comment)}
      refusal={live.refusals[kind]}
      isReady
      onAct={async () => {
        const answer = await askApi(frame, `/fleets/${record.id}/${kind}`, { comment });
        if (answer.type === 'refused') return answer.error;
        onDone();
        return null;
      }}
      onClose={onClose}
    >
      <p>{effect(record)}</p>
      <CommentField comment={comment} onType={setComment} />
    </ActionDialog>
  );
}

/** Returns the command that does the same in a terminal. */
function commandFor(
  frame: PageFrame,
  { id }: FleetRecord,
  { url }: LiveFleet,
  kind: Demand['kind'],
  comment: string,
): string {
  return typedCommand(frame, 'fleet', [kind, id], [['--fleet', url], ...commentOption(comment)]);
}

function nextWave({ hosts }: FleetRecord): string {
  const planned = hosts.filter(({ status }) => status === 'planned');
  const [first] = planned;
  if (first === undefined) return 'The fleet run continues.';
  const names = planned.filter(({ wave }) => wave === first.wave).map(({ host }) => host);
  return `Wave ${first.wave} begins: ${names.join(', ')}.`;
}

function undoing({ hosts }: FleetRecord): string {
  const begun = hosts.filter(({ status }) => !['planned', 'skipped', 'undone', 'refused'].includes(status));
  return begun.length === 0
    ? 'No host has begun its part.'
    : `These hosts undo their parts, or never begin them: ${begun.map(({ host }) => host).join(', ')}.`;
}
