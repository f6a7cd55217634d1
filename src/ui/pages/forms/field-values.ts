import { type Json, type JsonObject, parseJson } from '../../../engine/model/json.ts';
import type { Field } from './schema-fields.ts';

/** The text in each field, by name; that of a switch is `true` or `false`. */
export type Typed = Readonly<Record<string, string>>;

/** The texts as data, and their problems by field. */
export interface Collected {
  /** Without members that keep their default. */
  readonly data: JsonObject;
  readonly problems: Readonly<Record<string, string>>;
}

/** Returns the fields as they are before anybody has typed. */
export function presetTexts(fields: readonly Field[]): Typed {
  return Object.fromEntries(fields.map((field) => [field.name, presetText(field)]));
}

function presetText({ control, preset, isRequired }: Field): string {
  switch (control.type) {
    case 'secret':
      return '';
    case 'switch':
      return preset === undefined ? (isRequired ? 'false' : '') : String(preset ?? '');
    case 'choice': {
      const [first] = control.values;
      if (preset !== undefined) return JSON.stringify(preset);
      return isRequired && first !== undefined && control.values.length === 1 ? JSON.stringify(first) : '';
    }
    case 'json':
      return preset === undefined ? '' : JSON.stringify(preset, null, 2);
    default:
      return typeof preset === 'string' || typeof preset === 'number' ? String(preset) : '';
  }
}

/** Turns texts into data. Reports only texts that cannot be data: the command checks the schema. */
export function collect(fields: readonly Field[], typed: Typed): Collected {
  const data: [string, Json][] = [];
  const problems: [string, string][] = [];
  for (const field of fields) {
    const text = typed[field.name] ?? '';
    // A default that is computed stays one.
    if (text === presetText(field) && field.preset !== undefined) continue;
    const value = typedValue(field, text);
    if (value.type === 'data') data.push([field.name, value.data]);
    if (value.type === 'problem') problems.push([field.name, value.problem]);
  }
  return { data: Object.fromEntries(data), problems: Object.fromEntries(problems) };
}

type Value =
  | { readonly type: 'data'; readonly data: Json }
  | { readonly type: 'absent' }
  | { readonly type: 'problem'; readonly problem: string };

function typedValue(field: Field, text: string): Value {
  const { control, isRequired, isNullable, preset } = field;
  if (text === '') {
    if (isNullable && (isRequired || preset !== undefined)) return { type: 'data', data: null };
    if (isRequired) return { type: 'problem', problem: 'Give a value.' };
    // The default was removed on purpose.
    const isText = control.type === 'text' || control.type === 'lines';
    return isText && preset !== undefined ? { type: 'data', data: '' } : { type: 'absent' };
  }
  switch (control.type) {
    case 'text':
    case 'lines':
    case 'secret':
      return { type: 'data', data: text };
    case 'switch':
      return { type: 'data', data: text === 'true' };
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text))
        ? { type: 'data', data: Number(text) }
        : { type: 'problem', problem: 'Give a number.' };
    case 'choice':
    case 'json':
      return jsonOf(text);
  }
}

function jsonOf(text: string): Value {
  try {
    return { type: 'data', data: parseJson(text) };
  } catch (thrown) {
    return { type: 'problem', problem: `Give JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}` };
  }
}
