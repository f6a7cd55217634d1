import { displayedText } from '../../views/displayed.ts';

/** The addresses of the steps of a run, and how one is opened beside the timeline. */
export interface StepAddresses {
  addressOf(step: string): string;
  open(step: string): void;
}

interface StepLinkProps {
  readonly id: string;
  readonly steps: StepAddresses;
}

/** A link that opens a step in this page, or its own page in another tab. */
export function StepLink({ id, steps }: StepLinkProps) {
  return (
    <a href={steps.addressOf(id)} onClick={openHere(id, steps)}>
      {displayedText(id)}
    </a>
  );
}

interface Click {
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  preventDefault(): void;
}

/** Returns the listener for a click on the link of a step. */
export function openHere(id: string, { open }: StepAddresses): (event: Click) => void {
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(id);
  };
}
