import type { PreflightFinding } from '../../engine/engine.ts';
import { counted, oneLine, pad, widthOf } from './plain-text.ts';
import type { TextStyle } from './text-style.ts';

/** What `wf doctor` prints: each requirement with what was found, what it is for, and what to do where it is not met. */
export function findingLines(findings: readonly PreflightFinding[], style: TextStyle): readonly string[] {
  const { colors } = style;
  const titleWidth = Math.max(0, ...findings.map(({ requirement }) => widthOf(requirement.title)));
  const lines = findings.flatMap(({ requirement, result }) => {
    const title = pad(requirement.title, titleWidth);
    if (result.met) return [`${colors.green('ok     ')}  ${title}  ${oneLine(result.found)}`];
    const { code, message, hint } = result.error;
    return [
      `${colors.red('missing')}  ${title}  ${code}: ${oneLine(message)}`,
      `         ${colors.dim('needed for')}: ${oneLine(requirement.purpose)}`,
      `         ${colors.bold('next')}: ${oneLine(hint)}`,
    ];
  });
  const unmet = findings.filter(({ result }) => !result.met).length;
  const conclusion =
    unmet === 0 ? colors.green('Everything wf needs is here.') : colors.red(`${counted(unmet, 'thing')} missing.`);
  return [...lines, '', conclusion];
}
