import type { Finding } from '../check/finding.ts';
import { counted, oneLine, widthOf, wrapWords } from './format/plain-text.ts';
import type { Paint, TextStyle } from './format/text-style.ts';

/** Number of states or steps that a line names; `--json` names all. */
const NAMED = 6;

/** A workflow with its findings. */
export interface CheckedWorkflow {
  readonly workflow: string;
  readonly file: string;
  readonly findings: readonly Finding[];
}

/** Returns the output of `wf check` for one workflow. */
export function checkLines({ workflow, findings }: CheckedWorkflow, style: TextStyle): readonly string[] {
  const { colors } = style;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const counts = [
    [errors, 'error'],
    [findings.length - errors, 'warning'],
  ] as const;
  const words = counts.filter(([count]) => count > 0).map(([count, noun]) => counted(count, noun));
  const summary = words.length === 0 ? 'nothing found' : words.join(', ');
  const paint = errors > 0 ? colors.red : findings.length > 0 ? colors.yellow : colors.green;
  const verdict = errors > 0 ? 'not ok' : 'ok';
  return [
    `${colors.bold(workflow)}  ${paint(verdict)}  ${summary}`,
    ...findings.flatMap((finding) => findingLines(finding, style)),
  ];
}

function findingLines({ check, severity, where, message, hint }: Finding, style: TextStyle): readonly string[] {
  const { colors } = style;
  const paint = severity === 'error' ? colors.red : colors.yellow;
  const rest = where.length - NAMED;
  const named = [where.slice(0, NAMED).join(', '), ...(rest > 0 ? [`and ${rest} more`] : [])].join(' ');
  const place = named === '' ? '' : `: ${named}`;
  return [
    ...paragraph(`${severity} ${check}`, place, '  ', paint, style),
    ...paragraph('', message, '    ', String, style),
    ...paragraph('next', `: ${hint}`, '    ', colors.bold, style),
  ];
}

/** Wraps a text to the terminal, with its first words painted. */
function paragraph(head: string, text: string, indent: string, paint: Paint, { width }: TextStyle): readonly string[] {
  const words = oneLine(head + text).split(' ');
  const lines = wrapWords(words, width === null ? null : width - widthOf(indent) - 2);
  return lines.map((line, index) =>
    index > 0
      ? `${indent}  ${line}`
      : `${indent}${line.startsWith(head) ? paint(head) + line.slice(head.length) : line}`,
  );
}
