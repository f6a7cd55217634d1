import type { RecordedProofs } from '../../../engine/workflow/workflow.ts';
import { oneLine, pad, widthOf, wrapWords } from '../format/plain-text.ts';
import type { TextStyle } from '../format/text-style.ts';

/** Returns each proof: the claim and its figures, which are wrapped, never cut. */
export function proofLines(recorded: RecordedProofs, style: TextStyle, indent = '  '): readonly string[] {
  if (recorded.type === 'unavailable') return [style.colors.dim(`${indent}not available: ${oneLine(recorded.reason)}`)];
  const claims = recorded.proofs.map(({ claim }) => oneLine(claim));
  const claimWidth = Math.max(0, ...claims.map(widthOf));
  const room = style.width === null ? null : Math.max(20, style.width - widthOf(indent) - claimWidth - 2);
  return recorded.proofs.flatMap(({ figures }, index) => {
    const claim = style.colors.green(pad(claims[index] ?? '', claimWidth));
    const [first = '', ...more] = wrapWords(oneLine(figures).split(' '), room);
    const further = more.map((line) => `${indent}${pad('', claimWidth)}  ${line}`);
    return [`${indent}${claim}  ${first}`, ...further];
  });
}
