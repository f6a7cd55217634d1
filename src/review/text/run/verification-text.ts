import type { Change, Difference, NotCompared, Verification } from '../../../engine/model/change.ts';
import { counted, oneLine, setText } from '../format/plain-text.ts';
import type { Paint, TextStyle } from '../format/text-style.ts';
import { suggestedCommand } from '../suggestion.ts';

/** Returns the result of a verification in one line: `as before (no residue; drift: none)`. */
export function verificationWords(verification: Verification | null): string {
  if (verification === null) return 'not compared';
  const { restored, residues, unexplained, drift } = verification;
  const found = [
    residues.length === 0 ? 'no residue' : `residues: ${residues.length}`,
    ...(unexplained.length === 0 ? [] : [`unexplained: ${unexplained.length}`]),
    `drift: ${drift.length === 0 ? 'none' : drift.length}`,
  ].join('; ');
  if (restored) return `as before (${found})`;
  const left = residues.length > 0 || unexplained.length > 0;
  return left ? `not as before (${found})` : `not as before (changes still in place; ${found})`;
}

/** Returns the same, with the number of changes that the run leaves on the host by design. */
export function hostWords(verification: Verification | null, changes: readonly Pick<Change, 'status'>[]): string {
  const kept = changes.filter(({ status }) => status === 'kept').length;
  const words = verificationWords(verification);
  return kept === 0 ? words : `${words}; in place by design: ${counted(kept, 'change')}`;
}

/** Number of differences of each kind that are printed if another command prints all. */
const MOST = 10;

/** Returns all differences, and what was not compared. */
export function differenceLines(verification: Verification | null, style: TextStyle, indent = ''): readonly string[] {
  return verification === null ? [] : linesOf(verification, style, indent, Number.POSITIVE_INFINITY, '');
}

/** Returns the first ones, and the command that prints all. */
export function firstDifferenceLines(
  verification: Verification | null,
  run: string,
  style: TextStyle,
  indent = '',
): readonly string[] {
  return verification === null
    ? []
    : linesOf(verification, style, indent, MOST, `: ${suggestedCommand(`wf diff ${run}`, style)}`);
}

function linesOf(
  { residues, unexplained, drift, notCompared }: Verification,
  { colors, width }: TextStyle,
  indent: string,
  most: number,
  where: string,
): readonly string[] {
  const lines = (label: string, all: readonly string[], paint: Paint) => {
    const shown = all.slice(0, most).flatMap((words) => {
      const room = width === null ? null : width - indent.length;
      return setText(`${label}: ${oneLine(words)}`, room, 2);
    });
    const more = all.length - most;
    return [...shown, ...(more > 0 ? [`${label}: ${more} more${where}`] : [])].map((line) => indent + paint(line));
  };
  return [
    ...lines('residue', residues.map(differenceWords), colors.red),
    ...lines('unexplained', unexplained.map(differenceWords), colors.red),
    ...lines('drift', drift.map(differenceWords), colors.dim),
    ...lines('not compared', notComparedWords(notCompared), colors.dim),
  ];
}

/** Returns one line for each reason. */
function notComparedWords(notCompared: readonly NotCompared[]): readonly string[] {
  const reasons = [...new Set(notCompared.map(({ reason }) => reason))];
  return reasons.map((reason) => {
    const subjects = notCompared.filter((one) => one.reason === reason).map(({ subject }) => subject);
    return `${subjects.join(', ')} (${reason})`;
  });
}

const BY: Readonly<Record<Difference['owner'], string>> = {
  run: 'this run',
  docker: 'Docker',
  other: 'somebody else',
  unknown: 'an unknown cause',
};

function differenceWords({ subject, difference, before, after, owner, reason }: Difference): string {
  const values = difference === 'altered' ? ` from ${before ?? 'nothing'} to ${after ?? 'nothing'}` : '';
  return `${subject} ${difference}${values}, by ${BY[owner]} (${reason})`;
}
