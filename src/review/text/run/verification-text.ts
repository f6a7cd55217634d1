import type { Change, Difference, NotCompared, Verification } from '../../../engine/model/change.ts';
import { counted, oneLine, setText } from '../format/plain-text.ts';
import type { Paint, TextStyle } from '../format/text-style.ts';
import { suggestedCommand } from '../suggestion.ts';

/** What the look at the host found, in one line: `as before (no residue; drift: none)`. */
export function verificationWords(verification: Verification | null): string {
  if (verification === null) return 'not compared with what it was';
  const { restored, residues, unexplained, drift } = verification;
  const found = [
    residues.length === 0 ? 'no residue' : `residues: ${residues.length}`,
    ...(unexplained.length === 0 ? [] : [`unexplained: ${unexplained.length}`]),
    `drift: ${drift.length === 0 ? 'none' : drift.length}`,
  ].join('; ');
  if (restored) return `as before (${found})`;
  const left = residues.length > 0 || unexplained.length > 0;
  return left ? `not as before (${found})` : `not as before (changes still stand; ${found})`;
}

/** The same with how many changes the run means to leave on the host. */
export function hostWords(verification: Verification | null, changes: readonly Pick<Change, 'status'>[]): string {
  const kept = changes.filter(({ status }) => status === 'kept').length;
  const words = verificationWords(verification);
  return kept === 0 ? words : `${words}; in place by design: ${counted(kept, 'change')}`;
}

/** So many residues, and so many drifts, are told of where the rest is told elsewhere. */
const MOST = 10;

/** All differences, each whole, and what was not compared; empty where there is none. */
export function differenceLines(verification: Verification | null, style: TextStyle, indent = ''): readonly string[] {
  return verification === null ? [] : linesOf(verification, style, indent, Number.POSITIVE_INFINITY, '');
}

/** The first of them, and where all of them are told. */
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
    const told = all.slice(0, most).flatMap((words) => {
      const room = width === null ? null : width - indent.length;
      return setText(`${label}: ${oneLine(words)}`, room, 2);
    });
    const more = all.length - most;
    return [...told, ...(more > 0 ? [`${label}: ${more} more${where}`] : [])].map((line) => indent + paint(line));
  };
  return [
    ...lines('residue', residues.map(differenceWords), colors.red),
    ...lines('unexplained', unexplained.map(differenceWords), colors.red),
    ...lines('drift', drift.map(differenceWords), colors.dim),
    ...lines('not compared', notComparedWords(notCompared), colors.dim),
  ];
}

/** One line for each reason. */
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
  unknown: 'nobody known',
};

function differenceWords({ subject, difference, before, after, owner, reason }: Difference): string {
  const values = difference === 'altered' ? ` from ${before ?? 'nothing'} to ${after ?? 'nothing'}` : '';
  return `${subject} ${difference}${values}, by ${BY[owner]} (${reason})`;
}
