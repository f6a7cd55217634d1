import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../../engine/model/json.ts';
import type { RunView, SecretInput } from '../../../views/runs/run-view.ts';
import { collect } from '../../forms/field-values.ts';
import { FormFields } from '../../forms/form-fields.tsx';
import type { Field } from '../../forms/schema-fields.ts';
import { type Form, useForm } from '../../forms/use-form.ts';
import { type Option, secretSource } from '../typed-command.ts';

/** The secret inputs of a run, as somebody types them again. */
export interface TypedSecrets {
  readonly form: Form;
  /** Those that were given when a field was last left; null while one is missing. */
  readonly given: JsonObject | null;
  /** Their options on a command line, which name a source, never a secret. */
  readonly options: readonly Option[];
  give(): void;
}

/** @param areNeeded whether the action is impossible without all of them */
export function useSecrets({ secrets }: RunView, areNeeded: boolean): TypedSecrets {
  const form = useForm(secrets.map((secret) => secretField(secret, areNeeded)));
  const { data, problems } = collect(form.fields, form.typed);
  const known = Object.keys(problems).length === 0 ? data : null;
  const [given, setGiven] = useState(known);
  const options = form.fields.flatMap(({ name, isRequired }): readonly Option[] => {
    const text = form.typed[name] ?? '';
    return isRequired || text !== '' ? [['--input', `${name}=${secretSource(text)}`]] : [];
  });
  return { form, given, options, give: () => setGiven(known) };
}

function secretField({ name, source }: SecretInput, isNeeded: boolean): Field {
  return {
    name,
    control: { type: 'secret', minLength: undefined, maxLength: undefined, pattern: undefined },
    type: '',
    description: source === null ? 'The value, @env:VARIABLE or @file:PATH' : `Read from ${source} if this is empty`,
    isRequired: isNeeded && source === null,
    isNullable: false,
    preset: undefined,
  };
}

interface SecretFieldsProps {
  readonly secrets: TypedSecrets;
  /** Why they are asked for. */
  readonly text: string;
}

/** The fields for secret inputs; nothing for a run without any. */
export function SecretFields({ secrets: { form, give }, text }: SecretFieldsProps) {
  if (form.fields.length === 0) return null;
  return (
    <fieldset onChange={give}>
      <legend>Secret inputs</legend>
      <p>{text}</p>
      <FormFields form={form} prefix="secret" />
    </fieldset>
  );
}
