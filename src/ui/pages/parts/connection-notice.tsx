import type { LiveRun } from '../live/use-run.ts';
import { Prose } from './prose.tsx';

interface ConnectionNoticeProps {
  readonly connection: LiveRun['connection'];
  /** Why the page could not be read although it is connected; empty if it could. */
  readonly problem?: string;
}

/** Reports that the page is not up to date, at the lower edge of the window: it is always visible, and moves nothing. */
export function ConnectionNotice({ connection, problem = '' }: ConnectionNoticeProps) {
  const words = connection === 'connected' ? problem : WORDS[connection];
  return (
    <p class="connection" role="status">
      <Prose text={words} />
    </p>
  );
}

const WORDS: Readonly<Record<Exclude<LiveRun['connection'], 'connected'>, string>> = {
  lost: 'The connection to wf is lost: reconnecting. If this lasts, check whether `wf ui` runs.',
  'signed-out':
    'The session of this browser has ended, and the page is not up to date. Run `wf ui` again with its options, open the link that it prints in this browser, then load this page again.',
  gone: 'This run has been removed from the history. The page shows its last known state.',
};
