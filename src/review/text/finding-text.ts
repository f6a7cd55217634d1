import type { PreflightFinding } from '../../engine/run/engine.ts';
import { nextLines } from './error-text.ts';
import { counted, oneLine, pad, setText, widthOf } from './format/plain-text.ts';
import type { TextStyle } from './format/text-style.ts';
import { suggestions } from './suggestion.ts';

/** The result of one check, and whether runs depend on it. */
export interface DoctorFinding extends PreflightFinding {
  readonly concerns: 'run' | 'advice';
}

/** Returns the output of `wf doctor`: each check with its result, its purpose, and a hint if it fails. */
export function findingLines(findings: readonly DoctorFinding[], style: TextStyle): readonly string[] {
  const { colors } = style;
  const titleWidth = Math.max(0, ...findings.map(({ requirement }) => widthOf(requirement.title)));
  const printed = new Set<string>();
  const lines = findings.flatMap(({ requirement, result, concerns }) => {
    const title = pad(requirement.title, titleWidth);
    const purpose = oneLine(requirement.purpose);
    if (result.met) {
      const line = `${colors.green('ok     ')}  ${title}  ${oneLine(result.found)}`;
      const isNarrow = style.width !== null && widthOf(`${line} (${purpose})`) > style.width;
      if (!isNarrow) return [`${line} ${colors.dim(`(${purpose})`)}`];
      return [...found(colors.green('ok     '), title, result.found, style), ...below(purpose, style).map(colors.dim)];
    }
    const { code, message, hint } = result.error;
    // Without an engine, each check that needs it has the same error.
    if (printed.has(message)) return [`${wordOf(concerns, style)}  ${title}  ${code}: as above`];
    printed.add(message);
    return [
      ...found(wordOf(concerns, style), title, `${code}: ${message}`, style),
      ...below(`${concerns === 'run' ? 'needed for' : 'matters as'}: ${purpose}`, style).map(colors.dim),
      ...nextLines(suggestions(hint, style), style.width, INDENT, colors.bold),
    ];
  });
  return [...lines, '', ...conclusion(findings, style)];
}

/** Columns before the title. */
const INDENT = 9;

/** Returns the result of a check, wrapped below itself. */
function found(word: string, title: string, text: string, { width }: TextStyle): readonly string[] {
  const head = INDENT + widthOf(title) + 2;
  const lines = setText(oneLine(text), width === null ? null : Math.max(24, width - head), 0);
  return lines.map((line, index) => (index === 0 ? `${word}  ${title}  ${line}` : ' '.repeat(head) + line));
}

function below(text: string, { width }: TextStyle): readonly string[] {
  return setText(text, width === null ? null : width - INDENT, 2).map((line) => ' '.repeat(INDENT) + line);
}

function wordOf(concerns: DoctorFinding['concerns'], { colors }: TextStyle): string {
  return concerns === 'run' ? colors.red('missing') : colors.yellow('warning');
}

function conclusion(findings: readonly DoctorFinding[], { colors }: TextStyle): readonly string[] {
  const unmet = (concerns: DoctorFinding['concerns']) =>
    findings.filter((finding) => finding.concerns === concerns && !finding.result.met).length;
  const [missing, advice] = [unmet('run'), unmet('advice')];
  const first =
    missing === 0 ? colors.green('Everything wf needs is here.') : colors.red(`${counted(missing, 'thing')} missing.`);
  return advice === 0 ? [first] : [`${first} ${colors.yellow(`${counted(advice, 'warning')}.`)}`];
}
