interface CutTextBlockProps {
  readonly text: string;
  /** Number of characters that are left out. */
  readonly omitted: number;
  /** Address of the whole text. */
  readonly whole: string;
}

/** A text that may be cut, with a link to the whole. */
export function CutTextBlock({ text, omitted, whole }: CutTextBlockProps) {
  return (
    <>
      <pre>{text}</pre>
      {omitted === 0 ? null : (
        <p class="quiet">
          {`${omitted} more characters: `}
          <a href={whole}>whole text</a>
        </p>
      )}
    </>
  );
}
