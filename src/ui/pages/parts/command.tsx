import { useEffect, useState } from 'preact/hooks';
import { displayedText } from '../../views/displayed.ts';
import { browser } from '../live/browser.ts';

const SHOWN_MS = 2_000;

/** A command line to copy. Shows characters by their number that would make the text read in another order than it is copied. */
export function Command({ line }: { readonly line: string }) {
  const shown = displayedText(line);
  return (
    <span class="command-line">
      <code>{shown}</code> <CopyButton text={line} label={`Copy ${shown}`} />
    </span>
  );
}

/** A button that copies a text. @param label for screen readers */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [outcome, setOutcome] = useState<'Copy' | 'Copied' | 'Not copied'>('Copy');
  useEffect(() => (outcome === 'Copy' ? undefined : browser().after(SHOWN_MS, () => setOutcome('Copy'))), [outcome]);
  const copy = () => {
    browser()
      .copy(text)
      .then(
        () => setOutcome('Copied'),
        () => setOutcome('Not copied'),
      );
  };
  return (
    <button type="button" class="copy" aria-label={outcome === 'Copy' ? label : outcome} onClick={copy}>
      {outcome}
    </button>
  );
}
