import type { ErrorRecord } from '../../engine/model/errors.ts';
import { oneLine, setText } from './format/plain-text.ts';
import type { Paint, TextStyle } from './format/text-style.ts';
import { suggestions } from './suggestion.ts';

/** Returns an error for people: code and message, then the hint. */
export function errorLines(error: ErrorRecord, style: TextStyle): readonly string[] {
  return messageLines('error', style.colors.red, error, style);
}

/** Returns the same for an error that does not stop the command. */
export function warningLines(error: ErrorRecord, style: TextStyle): readonly string[] {
  return messageLines('warning', style.colors.yellow, error, style);
}

function messageLines(
  word: string,
  paint: Paint,
  { code, message, hint }: ErrorRecord,
  style: TextStyle,
): readonly string[] {
  const { colors, width } = style;
  return [
    ...setText(`${paint(`${word} ${code}`)}: ${oneLine(message)}`, width, 4),
    ...nextLines(suggestions(hint, style), width, 2, colors.bold),
  ];
}

/** Returns the lines of a hint. */
export function nextLines(hint: string, width: number | null, indent: number, paint: Paint): readonly string[] {
  const margin = ' '.repeat(indent);
  const lines = setText(`${paint('next')}: ${oneLine(hint)}`, width === null ? null : width - indent, 6);
  return lines.map((line) => margin + line);
}
