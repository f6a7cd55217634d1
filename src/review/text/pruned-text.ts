import { bytesText } from './format/bytes.ts';
import { counted, oneLine } from './format/plain-text.ts';
import type { TextStyle } from './format/text-style.ts';
import { suggestions } from './suggestion.ts';

/** The plan of `wf prune`, or with `--yes` its result; printed as it is with `--json`. */
export interface Pruned {
  readonly dryRun: boolean;
  /** How many runs of each workflow. */
  readonly runs: Readonly<Record<string, number>>;
  readonly definitions: number;
  readonly fingerprints: number;
  /** Kept although they are old enough: something of theirs is on the host, or they need attention. */
  readonly onHost: number;
  /** Kept although they are old enough: they have not ended. */
  readonly unfinished: number;
  /** Whether definitions and fingerprints were left for the next time, as a run was being advanced. */
  readonly isBusy: boolean;
  readonly freedBytes: number;
  /** Free inside the file. */
  readonly freeBytes: number;
  readonly fileBytes: number;
}

/** Returns it as text. */
export function prunedLines(pruned: Pruned, style: TextStyle): readonly string[] {
  return [removedLine(pruned), ...keptLines(pruned), ...spaceLines(pruned)].map((line) => suggestions(line, style));
}

function removedLine({ dryRun, runs, definitions, fingerprints }: Pruned): string {
  const total = Object.values(runs).reduce((sum, count) => sum + count, 0);
  const verb = dryRun ? 'Would remove' : 'Removed';
  if (total === 0 && definitions + fingerprints === 0) return `${verb} nothing: no run is old enough.`;
  const of = Object.entries(runs).map(([workflow, count]) => `${oneLine(workflow)} ${count}`);
  const unused = [
    ...(definitions === 0 ? [] : [counted(definitions, 'unused definition')]),
    ...(fingerprints === 0 ? [] : [counted(fingerprints, 'unused fingerprint')]),
  ];
  const named = of.length === 0 ? '' : ` (${of.join(', ')})`;
  return `${verb} ${[`${counted(total, 'run')}${named}`, ...unused].join(', ')}.`;
}

function keptLines({ onHost, unfinished, isBusy }: Pruned): readonly string[] {
  return [
    ...(onHost === 0
      ? []
      : [
          `Kept ${counted(onHost, 'run')} of that age: something of theirs may be on the host (\`wf changes\`), or they need attention.`,
        ]),
    ...(unfinished === 0
      ? []
      : [`Kept ${counted(unfinished, 'run')} of that age: not ended (\`wf resume --all --dry-run\`).`]),
    ...(isBusy ? ['A run is under way: definitions and fingerprints that no run uses any more go the next time.'] : []),
  ];
}

function spaceLines({ dryRun, freedBytes, freeBytes, fileBytes }: Pruned): readonly string[] {
  if (dryRun) return [];
  const file = `The database has ${bytesText(fileBytes)}`;
  if (freedBytes === 0 && freeBytes === 0) return [`${file}.`];
  const freed = freedBytes === 0 ? '' : `Freed ${bytesText(freedBytes)}. `;
  if (freeBytes === 0) return [`${freed}${file}.`];
  return [`${freed}${file}, ${bytesText(freeBytes)} of it free for new runs; --compact gives that back to the disk.`];
}
