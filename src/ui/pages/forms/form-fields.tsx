import type { Json } from '../../../engine/model/json.ts';
import { displayedText } from '../../views/displayed.ts';
import { FieldFrame } from './field-frame.tsx';
import type { Field } from './schema-fields.ts';
import type { Form, FormElement } from './use-form.ts';

interface FormFieldsProps {
  readonly form: Form;
  /** Distinguishes the fields from those of other forms of the page. */
  readonly prefix: string;
}

/** The fields of a form, from a JSON Schema. */
export function FormFields({ form, prefix }: FormFieldsProps) {
  return (
    <div class="fields">
      {form.fields.map((field, index) => (
        <SchemaField key={field.name} field={field} form={form} id={`${prefix}-${index}`} />
      ))}
    </div>
  );
}

function SchemaField({ field, form, id }: { readonly field: Field; readonly form: Form; readonly id: string }) {
  const { name, isRequired } = field;
  const problem = form.problems[name];
  return (
    <FieldFrame
      id={id}
      label={displayedText(field.label ?? name)}
      note={displayedText([...typeWords(field), ...(isRequired ? ['required'] : [])].join(', '))}
      hint={displayedText(hintOf(field))}
      problem={problem}
    >
      <FieldControl field={field} form={form} id={id} hasProblem={problem !== undefined} />
    </FieldFrame>
  );
}

/** A choice shows its values, and needs no type. */
function typeWords({ control, type }: Field): readonly string[] {
  if (control.type === 'secret') return ['secret'];
  return control.type === 'choice' || type === '' ? [] : [type];
}

function hintOf({ description, preset, control }: Field): string {
  const words = [
    ...(description === '' ? [] : [/[.!?]$/.test(description) ? description : `${description}.`]),
    ...(preset === undefined || preset === null || preset === '' || control.type === 'switch'
      ? []
      : [`Default: ${typeof preset === 'string' ? preset : JSON.stringify(preset)}.`]),
  ];
  return words.join(' ');
}

interface FieldControlProps {
  readonly field: Field;
  readonly form: Form;
  readonly id: string;
  readonly hasProblem: boolean;
}

function FieldControl({ field, form, id, hasProblem }: FieldControlProps) {
  const { name, control, isRequired, preset, isNullable } = field;
  const text = form.typed[name] ?? '';
  const common = {
    id,
    name,
    required: isRequired && !isNullable,
    'aria-describedby': `${id}-hint ${id}-problem`,
    'aria-invalid': hasProblem,
    ref: (element: FormElement | null) => form.register(name, element),
  };
  switch (control.type) {
    case 'text':
      return (
        <input
          {...common}
          type="text"
          autocomplete="off"
          spellcheck={false}
          minLength={control.minLength}
          maxLength={control.maxLength}
          pattern={control.pattern}
          value={text}
          onInput={(event) => form.type(name, event.currentTarget.value)}
        />
      );
    // A reference such as @file:PATH need not be as long as the secret.
    case 'secret':
      return (
        <input
          {...common}
          type="password"
          autocomplete="new-password"
          value={text}
          onInput={(event) => form.type(name, event.currentTarget.value)}
        />
      );
    case 'number':
      return (
        <input
          {...common}
          type="number"
          step={control.isInteger ? 1 : 'any'}
          min={control.min}
          max={control.max}
          value={text}
          onInput={(event) => form.type(name, event.currentTarget.value)}
        />
      );
    case 'switch':
      if (typeof preset === 'boolean' || (isRequired && !isNullable)) {
        return (
          <input
            {...common}
            type="checkbox"
            required={false}
            checked={text === 'true'}
            onChange={(event) => form.type(name, String(event.currentTarget.checked))}
          />
        );
      }
      return (
        <Choice common={common} values={[true, false]} hasNone text={text} onChoice={(one) => form.type(name, one)} />
      );
    case 'choice': {
      const { values } = control;
      return (
        <Choice
          common={common}
          values={values}
          hasNone={preset === undefined}
          text={text}
          onChoice={(one) => form.type(name, one)}
        />
      );
    }
    case 'lines':
    case 'json':
      return (
        <textarea
          {...common}
          rows={Math.min(12, Math.max(2, text.split('\n').length))}
          spellcheck={false}
          value={text}
          onInput={(event) => form.type(name, event.currentTarget.value)}
        />
      );
  }
}

interface ChoiceProps {
  readonly common: Readonly<Record<string, unknown>>;
  readonly values: readonly Json[];
  /** Whether none of them may be chosen. */
  readonly hasNone: boolean;
  /** JSON of the chosen value; empty for none. */
  readonly text: string;
  onChoice(text: string): void;
}

function Choice({ common, values, hasNone, text, onChoice }: ChoiceProps) {
  return (
    <select {...common} value={text} onChange={(event) => onChoice(event.currentTarget.value)}>
      {hasNone ? <option value="">none</option> : null}
      {values.map((value) => (
        <option key={JSON.stringify(value)} value={JSON.stringify(value)}>
          {value === null ? 'none' : displayedText(typeof value === 'string' ? value : JSON.stringify(value))}
        </option>
      ))}
    </select>
  );
}
