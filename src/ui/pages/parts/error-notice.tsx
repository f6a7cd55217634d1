import { suggestions } from '../../../review/text/suggestion.ts';
import { displayed } from '../../views/displayed.ts';
import type { PageError } from '../live/api.ts';
import type { PageFrame } from '../page-model.ts';
import { Prose } from './prose.tsx';

interface ErrorNoticeProps {
  readonly frame: Pick<PageFrame, 'namedDatabase'>;
  readonly error: PageError;
}

/** Why something was not done, and the next thing to do. */
export function ErrorNotice({ frame, error }: ErrorNoticeProps) {
  const { message, hint } = displayed(error);
  const place = frame.namedDatabase === null ? {} : { database: frame.namedDatabase };
  return (
    <p class="error-notice">
      <Prose text={/[.!?]$/.test(message) ? message : `${message}.`} />{' '}
      <span class="quiet">
        <Prose text={suggestions(hint, place)} />
      </span>
    </p>
  );
}
