import type { Difference, Verification } from '../../engine/change.ts';
import { cut, oneLine } from './plain-text.ts';
import type { TextStyle } from './text-style.ts';

/** What the look at the host found, in one line: `as before (no residue; drift: none)`. */
export function verificationWords(verification: Verification | null): string {
  if (verification === null) return 'not compared with what it was';
  const { restored, residues, drift } = verification;
  const found = `${residues.length === 0 ? 'no residue' : `residues: ${residues.length}`}; drift: ${drift.length === 0 ? 'none' : drift.length}`;
  if (restored) return `as before (${found})`;
  return residues.length > 0 ? `not as before (${found})` : `not as before (changes still stand; ${found})`;
}

/** One line for each residue and each drift; empty where there is none. */
export function differenceLines(verification: Verification | null, style: TextStyle, indent = ''): readonly string[] {
  if (verification === null) return [];
  const line = (label: string, difference: Difference) =>
    cut(`${indent}${label}: ${oneLine(differenceWords(difference))}`, style.width);
  return [
    ...verification.residues.map((residue) => style.colors.red(line('residue', residue))),
    ...verification.drift.map((drift) => style.colors.dim(line('drift', drift))),
  ];
}

function differenceWords({ subject, difference, before, after, owner, reason }: Difference): string {
  const values = difference === 'altered' ? ` from ${before ?? 'nothing'} to ${after ?? 'nothing'}` : '';
  const by = owner === 'other' ? 'somebody else' : owner === 'run' ? 'this run' : 'Docker';
  return `${subject} ${difference}${values}, by ${by} (${reason})`;
}
