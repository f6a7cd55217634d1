import { useRef, useState } from 'preact/hooks';
import type { JsonObject } from '../../../engine/model/json.ts';
import { collect, presetTexts, type Typed } from './field-values.ts';
import type { Field } from './schema-fields.ts';

/** An element in which somebody types. */
export interface FormElement {
  readonly validationMessage: string;
  focus(): void;
}

/** The texts in the fields of a form, and their problems. */
export interface Form {
  readonly fields: readonly Field[];
  readonly typed: Typed;
  /** By the name of the field. */
  readonly problems: Readonly<Record<string, string>>;
  type(name: string, text: string): void;
  /** Replaces everything that is typed. */
  restore(typed: Typed): void;
  /** Registers the element of a field; null when it is removed. */
  register(name: string, element: FormElement | null): void;
  /** Returns the data; undefined if there are problems: they are shown, and the first field with one gets the focus. */
  data(): JsonObject | undefined;
  /** Shows problems, and gives the first field with one the focus. */
  complain(problems: Readonly<Record<string, string>>): void;
}

export function useForm(fields: readonly Field[]): Form {
  const [typed, setTyped] = useState<Typed>(() => presetTexts(fields));
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const elements = useRef(new Map<string, FormElement>());

  function complain(found: Readonly<Record<string, string>>): void {
    setProblems(found);
    const first = fields.find(({ name }) => found[name] !== undefined);
    if (first !== undefined) elements.current.get(first.name)?.focus();
  }

  return {
    fields,
    typed,
    problems,
    type(name, text) {
      setTyped((before) => ({ ...before, [name]: text }));
      setProblems(({ [name]: _fixed, ...others }) => others);
    },
    restore(kept) {
      setTyped((before) => ({ ...before, ...kept }));
    },
    register(name, element) {
      if (element === null) elements.current.delete(name);
      else elements.current.set(name, element);
    },
    data() {
      const { data, problems: own } = collect(fields, typed);
      const ofBrowser = [...elements.current].flatMap(([name, { validationMessage }]) =>
        validationMessage === '' ? [] : [[name, validationMessage] as const],
      );
      const found = { ...own, ...Object.fromEntries(ofBrowser) };
      complain(found);
      return Object.keys(found).length === 0 ? data : undefined;
    },
    complain,
  };
}
