import type { ErrorRecord } from '../../engine/model/errors.ts';
import { oneLine, setText } from './format/plain-text.ts';
import type { Paint, TextStyle } from './format/text-style.ts';
import { suggestions } from './suggestion.ts';

/** An error for people: the code and what happened, then the next thing to do. */
export function errorLines(error: ErrorRecord, style: TextStyle): readonly string[] {
  return told('error', style.colors.red, error, style);
}

/** The same for what does not stop a command. */
export function warningLines(error: ErrorRecord, style: TextStyle): readonly string[] {
  return told('warning', style.colors.yellow, error, style);
}

function told(word: string, paint: Paint, { code, message, hint }: ErrorRecord, style: TextStyle): readonly string[] {
  const { colors, width } = style;
  return [
    ...setText(`${paint(`${word} ${code}`)}: ${oneLine(message)}`, width, 4),
    ...nextLines(suggestions(hint, style), width, 2, colors.bold),
  ];
}

/** What to do next, in sentences. */
export function nextLines(hint: string, width: number | null, indent: number, paint: Paint): readonly string[] {
  const margin = ' '.repeat(indent);
  const lines = setText(`${paint('next')}: ${oneLine(hint)}`, width === null ? null : width - indent, 6);
  return lines.map((line) => margin + line);
}
