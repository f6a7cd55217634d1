import { useEffect, useRef } from 'preact/hooks';
import type { Typed } from '../forms/field-values.ts';
import type { Form } from '../forms/use-form.ts';
import { browser } from '../live/browser.ts';

/** Keeps what is typed, except secrets, for a person who returns to the page. */
export function useDraft(inputs: Form, options: Form): void {
  const isRestored = useRef(false);
  useEffect(() => {
    const kept = browser().draft();
    inputs.restore(textsIn(kept, 'inputs'));
    options.restore(textsIn(kept, 'options'));
  }, []);
  useEffect(() => {
    // The first effect has the defaults.
    if (isRestored.current) browser().keepDraft({ inputs: withoutSecrets(inputs), options: options.typed });
    isRestored.current = true;
  }, [inputs.typed, options.typed]);
}

function withoutSecrets({ fields, typed }: Form): Typed {
  const names = new Set(fields.flatMap(({ name, control }) => (control.type === 'secret' ? [] : [name])));
  return Object.fromEntries(Object.entries(typed).filter(([name]) => names.has(name)));
}

/** Another version of the page may have kept something else. */
function textsIn(kept: unknown, part: 'inputs' | 'options'): Typed {
  const found: unknown =
    typeof kept === 'object' && kept !== null ? new Map(Object.entries(kept)).get(part) : undefined;
  if (typeof found !== 'object' || found === null) return {};
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
