import type { RecordedProofs } from '../../../engine/workflow/workflow.ts';
import { oneLine, pad, widthOf, wrapWords } from '../format/plain-text.ts';
import type { TextStyle } from '../format/text-style.ts';

/** Each proof: the claim and its figures, which are never cut, but go on in another line where they do not fit. */
export function proofLines(told: RecordedProofs, style: TextStyle, indent = '  '): readonly string[] {
  if (told.type === 'untold') return [style.colors.dim(`${indent}cannot be told: ${oneLine(told.reason)}`)];
  const claims = told.proofs.map(({ claim }) => oneLine(claim));
  const claimWidth = Math.max(0, ...claims.map(widthOf));
  const room = style.width === null ? null : Math.max(20, style.width - widthOf(indent) - claimWidth - 2);
  return told.proofs.flatMap(({ figures }, index) => {
    const claim = style.colors.green(pad(claims[index] ?? '', claimWidth));
    const [first = '', ...more] = wrapWords(oneLine(figures).split(' '), room);
    const further = more.map((line) => `${indent}${pad('', claimWidth)}  ${line}`);
    return [`${indent}${claim}  ${first}`, ...further];
  });
}
