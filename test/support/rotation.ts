// Tests of many cases of one promise, each of which starts real processes, try a share of them in each run. The seed chooses the share:
// without WF_TEST_SEED it changes each minute, so each case is tried equally often. `npm run every-case` tries all, and
// `npm run crash-matrix` those of the kills.
import process from 'node:process';

export const EVERY_CASE = process.env['WF_TEST_CASES'] === 'all';

export const SEED = Number(process.env['WF_TEST_SEED'] ?? Math.floor(Date.now() / 60_000));

/** The number of processes that race: far more than the processors that they race on. */
export const CROWD = EVERY_CASE ? 20 : 8;

/** Returns both if all cases are tried, otherwise one, chosen by the seed. */
export function chosen<One, Other>(choices: readonly [One, Other]): readonly (One | Other)[] {
  return choices.filter((_, index) => EVERY_CASE || index === SEED % 2);
}

/** Returns every `hands`-th of these, chosen by the seed, independently of `chosen`. */
export function dealt<Case>(cases: readonly Case[], hands: number): readonly Case[] {
  return cases.filter((_case, index) => isDealt(index, hands));
}

function isDealt(index: number, hands: number): boolean {
  return index % hands === Math.floor(SEED / 2) % hands;
}

/** Returns all of these if all cases are tried, otherwise every `parts`-th. At least one: `parts` is not above their number. */
export function inTurn<Case>(cases: readonly Case[], parts: number): readonly Case[] {
  return cases.filter((_case, index) => isInTurn(index, Math.min(parts, cases.length)));
}

/** Whether `inTurn` returns the case at an index, if there are at least `parts`. */
export function isInTurn(index: number, parts: number): boolean {
  return EVERY_CASE || isDealt(index, parts);
}
