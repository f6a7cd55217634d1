import type { ComponentChildren } from 'preact';
import type { ErrorRecord } from '../../../engine/model/errors.ts';
import { suggestions } from '../../../review/text/suggestion.ts';
import { Prose } from './prose.tsx';

interface ErrorTextProps {
  readonly error: ErrorRecord;
  /** The database that commands in the hint name; null if they need not. */
  readonly namedDatabase: string | null;
  /** More about it. */
  readonly children?: ComponentChildren;
}

/** An error with its code, its message, and the next thing to do. */
export function ErrorText({ error: { code, message, hint }, namedDatabase, children }: ErrorTextProps) {
  const place = namedDatabase === null ? {} : { database: namedDatabase };
  return (
    <div class="error-box">
      <p>
        <code>{code}</code> {message}
      </p>
      <p>
        <Prose text={suggestions(hint, place)} />
      </p>
      {children}
    </div>
  );
}
