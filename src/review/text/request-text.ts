import type { Requester } from '../../engine/model/request.ts';
import type { RequestRecord } from '../record/request-record.ts';

/** Returns `ann sent the event approve: seen with Bob`, and why the request was refused. */
export function requestWords({ by, kind, event, comment, outcome }: RequestRecord): string {
  const words = {
    send: `sent the event ${event?.type ?? ''}`,
    pause: 'asked to pause the run',
    cancel: 'asked to cancel the run',
    confirm: 'asked to confirm the run',
    retry: 'asked to retry the run',
    settle: 'settled a change',
  };
  const remark = comment === null ? '' : `: ${comment}`;
  const refused = outcome?.type === 'refused' ? ` (refused: ${outcome.error.message})` : '';
  return `${requesterName(by)} ${words[kind]}${remark}${outcome === null ? ' (no answer yet)' : refused}`;
}

/** Returns the person behind a request: the one who called sudo, if anybody did. */
export function requesterName({ user, sudoUser }: Requester): string {
  return sudoUser === null || sudoUser === user ? user : `${sudoUser} (as ${user})`;
}
