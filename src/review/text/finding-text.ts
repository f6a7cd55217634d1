import type { PreflightFinding } from '../../engine/engine.ts';
import { counted, oneLine, pad, widthOf } from './plain-text.ts';
import type { TextStyle } from './text-style.ts';

/** What was found of one check, and whether runs depend on it. */
export interface DoctorFinding extends PreflightFinding {
  readonly concerns: 'run' | 'advice';
}

/** What `wf doctor` prints: each check with what was found, what it is for, and what to do where something is wrong. */
export function findingLines(findings: readonly DoctorFinding[], style: TextStyle): readonly string[] {
  const { colors } = style;
  const titleWidth = Math.max(0, ...findings.map(({ requirement }) => widthOf(requirement.title)));
  const told = new Set<string>();
  const lines = findings.flatMap(({ requirement, result, concerns }) => {
    const title = pad(requirement.title, titleWidth);
    const purpose = oneLine(requirement.purpose);
    if (result.met) {
      const line = `${colors.green('ok     ')}  ${title}  ${oneLine(result.found)}`;
      const isNarrow = style.width !== null && widthOf(`${line} (${purpose})`) > style.width;
      return isNarrow ? [line, `         ${colors.dim(purpose)}`] : [`${line} ${colors.dim(`(${purpose})`)}`];
    }
    const { code, message, hint } = result.error;
    // Without an engine, each check that asks it something comes to the same.
    if (told.has(message)) return [`${wordOf(concerns, style)}  ${title}  ${code}: as above`];
    told.add(message);
    return [
      `${wordOf(concerns, style)}  ${title}  ${code}: ${oneLine(message)}`,
      `         ${colors.dim(concerns === 'run' ? 'needed for' : 'matters as')}: ${purpose}`,
      `         ${colors.bold('next')}: ${oneLine(hint)}`,
    ];
  });
  return [...lines, '', ...conclusion(findings, style)];
}

function wordOf(concerns: DoctorFinding['concerns'], { colors }: TextStyle): string {
  return concerns === 'run' ? colors.red('missing') : colors.yellow('look at');
}

function conclusion(findings: readonly DoctorFinding[], { colors }: TextStyle): readonly string[] {
  const unmet = (concerns: DoctorFinding['concerns']) =>
    findings.filter((finding) => finding.concerns === concerns && !finding.result.met).length;
  const [missing, advice] = [unmet('run'), unmet('advice')];
  const first =
    missing === 0 ? colors.green('Everything wf needs is here.') : colors.red(`${counted(missing, 'thing')} missing.`);
  return advice === 0 ? [first] : [`${first} ${colors.yellow(`${counted(advice, 'thing')} to look at.`)}`];
}
