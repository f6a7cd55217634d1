import { bytesText } from './format/bytes.ts';
import { counted, oneLine } from './format/plain-text.ts';
import type { TextStyle } from './format/text-style.ts';
import { suggestions } from './suggestion.ts';

/** The plan of `wf prune`, or with `--yes` its result; `--json` prints it. */
export interface Pruned {
  readonly dryRun: boolean;
  /** Number of runs of each workflow. */
  readonly runs: Readonly<Record<string, number>>;
  /** Number of unused plans. */
  readonly plans: number;
  /** Number of copies of fleet runs. */
  readonly fleetRuns: number;
  readonly definitions: number;
  readonly fingerprints: number;
  /** Number of runs that are old enough but kept: they have changes in place, or need attention. */
  readonly onHost: number;
  /** Number of runs that are old enough but kept: they have not ended. */
  readonly unfinished: number;
  /** Whether definitions and fingerprints were kept, as a run was being advanced. */
  readonly isBusy: boolean;
  readonly freedBytes: number;
  /** Free space inside the file. */
  readonly freeBytes: number;
  readonly fileBytes: number;
}

/** Returns the output of `wf prune`. */
export function prunedLines(pruned: Pruned, style: TextStyle): readonly string[] {
  return [removedLine(pruned), ...keptLines(pruned), ...spaceLines(pruned)].map((line) => suggestions(line, style));
}

function removedLine({ dryRun, runs, plans, fleetRuns, definitions, fingerprints }: Pruned): string {
  const total = Object.values(runs).reduce((sum, count) => sum + count, 0);
  const verb = dryRun ? 'Would remove' : 'Removed';
  if (total === 0 && plans + fleetRuns + definitions + fingerprints === 0)
    return `${verb} nothing: no run is old enough.`;
  const of = Object.entries(runs).map(([workflow, count]) => `${oneLine(workflow)} ${count}`);
  const others = [
    ...(fleetRuns === 0 ? [] : [counted(fleetRuns, 'fleet run')]),
    ...(plans === 0 ? [] : [counted(plans, 'unused plan')]),
    ...(definitions === 0 ? [] : [counted(definitions, 'unused definition')]),
    ...(fingerprints === 0 ? [] : [counted(fingerprints, 'unused fingerprint')]),
  ];
  const named = of.length === 0 ? '' : ` (${of.join(', ')})`;
  return `${verb} ${[`${counted(total, 'run')}${named}`, ...others].join(', ')}.`;
}

function keptLines({ onHost, unfinished, isBusy }: Pruned): readonly string[] {
  return [
    ...(onHost === 0
      ? []
      : [
          `Kept ${counted(onHost, 'run')} of that age: they have changes in place (\`wf changes\`), or need attention.`,
        ]),
    ...(unfinished === 0
      ? []
      : [`Kept ${counted(unfinished, 'run')} of that age: not ended (\`wf resume --all --dry-run\`).`]),
    ...(isBusy ? ['Kept unused definitions and fingerprints: a run is under way. Repeat the command later.'] : []),
  ];
}

function spaceLines({ dryRun, freedBytes, freeBytes, fileBytes }: Pruned): readonly string[] {
  if (dryRun) return [];
  const file = `The database has ${bytesText(fileBytes)}`;
  if (freedBytes === 0 && freeBytes === 0) return [`${file}.`];
  const freed = freedBytes === 0 ? '' : `Freed ${bytesText(freedBytes)}. `;
  if (freeBytes === 0) return [`${freed}${file}.`];
  return [`${freed}${file}, ${bytesText(freeBytes)} of it free for new runs. Return that to the disk with --compact.`];
}
