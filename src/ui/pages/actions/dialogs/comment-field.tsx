import { FieldFrame } from '../../forms/field-frame.tsx';

interface CommentFieldProps {
  readonly comment: string;
  readonly label?: string;
  readonly problem?: string | undefined;
  onType(comment: string): void;
}

/** A comment for the record of a run. */
export function CommentField({ comment, label = 'Comment', problem, onType }: CommentFieldProps) {
  return (
    <FieldFrame
      id="action-comment"
      label={label}
      hint="Stored in the record of the run, with the time and the user of the server."
      problem={problem}
    >
      <textarea
        id="action-comment"
        rows={2}
        maxLength={2_000}
        aria-describedby="action-comment-hint action-comment-problem"
        aria-invalid={problem !== undefined}
        value={comment}
        onInput={(event) => onType(event.currentTarget.value)}
      />
    </FieldFrame>
  );
}
