import type { TortureReport } from './torture.ts';

/** The readable figures of a torture. */
export function tortureFigures({ rounds, failures }: TortureReport, tookMs: number): string {
  const kills = rounds.reduce((sum, round) => sum + round.kills, 0);
  const most = Math.max(0, ...rounds.map((round) => round.kills));
  const ended = (end: string | null) => rounds.filter((round) => round.end === end).length;
  const recoveries = rounds.flatMap((round) => round.recoveriesMs);
  const firstSteps = rounds.flatMap((round) => round.firstStepsMs);
  return [
    '',
    `${rounds.length} rounds in ${(tookMs / 1000).toFixed(0)} s, ${failures.length} failed`,
    `${kills} kills, up to ${most} in one run`,
    `ends: ${ended('succeeded')} succeeded, ${ended('rolled-back')} rolled back, ${ended(null)} killed before they were begun`,
    `recoveries: ${recoveries.length}, ${spread(recoveries)}`,
    `from \`wf resume\` to the first step: ${firstSteps.length}, ${spread(firstSteps)}`,
    '',
  ].join('\n');
}

function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const ms = (time: number | undefined) => (time === undefined ? '-' : `${Math.round(time)} ms`);
  return `median ${ms(at(0.5))}, 90 % within ${ms(at(0.9))}, slowest ${ms(sorted.at(-1))}`;
}
