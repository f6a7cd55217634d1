import type { ComponentChildren } from 'preact';
import { displayedText } from '../../views/displayed.ts';

interface FieldFrameProps {
  /** The id of the element in which somebody types; its hint and its problem have ids below it. */
  readonly id: string;
  readonly label: string;
  /** Text beside the label. */
  readonly note?: string;
  readonly hint?: string;
  readonly problem?: string | undefined;
  readonly children: ComponentChildren;
}

/** A field with its label, its explanation and its problem. */
export function FieldFrame({ id, label, note = '', hint = '', problem, children }: FieldFrameProps) {
  return (
    <div class="field">
      <label for={id}>
        {label} {note === '' ? null : <span class="quiet">{note}</span>}
      </label>
      {children}
      <p class="problem" id={`${id}-problem`}>
        {problem === undefined ? null : displayedText(problem)}
      </p>
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    </div>
  );
}
