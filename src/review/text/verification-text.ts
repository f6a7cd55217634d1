import type { Difference, Verification } from '../../engine/change.ts';
import { oneLine, setText } from './plain-text.ts';
import type { Paint, TextStyle } from './text-style.ts';

/** What the look at the host found, in one line: `as before (no residue; drift: none)`. */
export function verificationWords(verification: Verification | null): string {
  if (verification === null) return 'not compared with what it was';
  const { restored, residues, drift } = verification;
  const found = `${residues.length === 0 ? 'no residue' : `residues: ${residues.length}`}; drift: ${drift.length === 0 ? 'none' : drift.length}`;
  if (restored) return `as before (${found})`;
  return residues.length > 0 ? `not as before (${found})` : `not as before (changes still stand; ${found})`;
}

/** So many residues, and so many drifts, are told of where the rest is told elsewhere. */
const MOST = 10;

/** All residues and all drift, each whole; empty where there is none. */
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
  return verification === null ? [] : linesOf(verification, style, indent, MOST, `: wf diff ${run}`);
}

function linesOf(
  { residues, drift }: Verification,
  { colors, width }: TextStyle,
  indent: string,
  most: number,
  where: string,
): readonly string[] {
  const lines = (label: string, differences: readonly Difference[], paint: Paint) => {
    const told = differences.slice(0, most).flatMap((difference) => {
      const room = width === null ? null : width - indent.length;
      return setText(`${label}: ${oneLine(differenceWords(difference))}`, room, 2);
    });
    const more = differences.length - most;
    return [...told, ...(more > 0 ? [`${label}: ${more} more${where}`] : [])].map((line) => indent + paint(line));
  };
  return [...lines('residue', residues, colors.red), ...lines('drift', drift, colors.dim)];
}

function differenceWords({ subject, difference, before, after, owner, reason }: Difference): string {
  const values = difference === 'altered' ? ` from ${before ?? 'nothing'} to ${after ?? 'nothing'}` : '';
  const by = owner === 'other' ? 'somebody else' : owner === 'run' ? 'this run' : 'Docker';
  return `${subject} ${difference}${values}, by ${by} (${reason})`;
}
