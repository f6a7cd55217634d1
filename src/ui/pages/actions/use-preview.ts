import { useEffect, useRef, useState } from 'preact/hooks';
import type { JsonObject } from '../../../engine/model/json.ts';
import type { ActionPreview } from '../../views/action-preview.ts';
import { displayed } from '../../views/displayed.ts';
import type { RunView } from '../../views/runs/run-view.ts';
import { type ApiAnswer, askApi, type PageError, readApi } from '../live/api.ts';
import { browser } from '../live/browser.ts';
import type { PageFrame } from '../page-model.ts';

type PreviewOf<Name extends ActionPreview['action']> = Extract<ActionPreview, { readonly action: Name }>;

/** The least time between two readings while the run advances. */
const PAUSE_MS = 1_000;

/** The effect of an action on a run as it is now. */
export interface Preview<Name extends ActionPreview['action']> {
  /** Null until it is known. */
  readonly preview: PreviewOf<Name> | null;
  readonly refusal: PageError | null;
}

/** Options of a plan: those of a resume or a retry. */
interface PlanOptions {
  readonly acceptChanges: boolean;
  readonly input: JsonObject;
}

/** Reads what an action would do, and again whenever the run has changed. @param options null until they are typed: nothing is read */
export function usePreview<Name extends ActionPreview['action']>(
  frame: PageFrame,
  view: RunView,
  action: Name,
  options: PlanOptions | null | undefined = undefined,
): Preview<Name> {
  const [answer, setAnswer] = useState<ApiAnswer<PreviewOf<Name>> | null>(null);
  const { id, status } = view.run;
  // A dry run of a resume observes the host: it is not repeated at each step.
  const since = action === 'resume' || action === 'retry' ? status : view.seq;
  const readAt = useRef(0);
  const asked = JSON.stringify(options);
  useEffect(() => {
    if (options === null) return;
    let isWanted = true;
    const path = `/runs/${id}/preview/${action}`;
    const read = () => {
      readAt.current = browser().now();
      const known =
        options === undefined ? readApi<PreviewOf<Name>>(frame, path) : askApi<PreviewOf<Name>>(frame, path, options);
      void known.then((answered) => {
        if (isWanted) setAnswer(displayed(answered));
      });
    };
    const cancel = browser().after(Math.max(0, readAt.current + PAUSE_MS - browser().now()), read);
    return () => {
      cancel();
      isWanted = false;
    };
  }, [id, action, asked, since]);
  if (answer === null || answer.type === 'accepted') return { preview: null, refusal: null };
  if (answer.type === 'refused') return { preview: null, refusal: answer.error };
  // The view is newer than a preview that was read once.
  return { preview: answer.document, refusal: view.actions[action] ?? answer.document.refusal };
}
