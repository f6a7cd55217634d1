import type { RunsView } from '../../views/runs/runs-view.ts';
import type { PageFrame } from '../page-model.ts';

interface InPlaceProps {
  readonly frame: PageFrame;
  readonly inPlace: RunsView['inPlace'];
}

/** The changes in place on this host, in one line. */
export function InPlace({ frame, inPlace: { changes, runs } }: InPlaceProps) {
  if (changes === 0) return null;
  const isOne = changes === 1;
  return (
    <p class="in-place">
      <a href={`${frame.basePath}/changes`}>
        {isOne ? '1 change' : `${changes} changes`} of {runs === 1 ? '1 run' : `${runs} runs`}
      </a>{' '}
      {isOne ? 'is' : 'are'} in place on this host.
    </p>
  );
}
