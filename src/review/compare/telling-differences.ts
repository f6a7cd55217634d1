import type { MemberDifference } from './member-differences.ts';

/**
 * What a difference between two runs says. `passing`: nothing, as no two runs have that in common (an id, a hardware address, a
 * number of a process or link, a time, a counter); `following`: no more than an earlier one (a URL with another address in it).
 */
export type Telling = 'telling' | 'following' | 'passing';

/** Judges the differences between two runs, one after the other. */
export interface TellingJudge {
  judge(difference: MemberDifference): Telling;
}

/** A longer text is not looked through for what was told before it. */
const LONGEST = 2_000;

/** @param runs the ids of the two runs. */
export function createTellingJudge(runs: readonly [string, string]): TellingJudge {
  const renamed = new Map<string, string>();
  const remember = (first: string, second: string) => {
    if (first !== '' && !renamed.has(first)) renamed.set(first, second);
  };
  return {
    judge(difference) {
      if (isPassing(difference, runs)) return 'passing';
      const { first, second } = difference;
      if (typeof first !== 'string' || typeof second !== 'string') return 'telling';
      const [one, other] = [lasting(first, runs[0]), lasting(second, runs[1])];
      if (follows(one, other, renamed)) return 'following';
      remember(one, other);
      // A name is found again where only small letters are known.
      remember(one.toLowerCase(), other.toLowerCase());
      return 'telling';
    },
  };
}

/** Whether the second text is the first one with others put in, here or there, that were told already. */
function follows(first: string, second: string, renamed: ReadonlyMap<string, string>): boolean {
  if (first.length > LONGEST || second.length > LONGEST) return false;
  const known = [...renamed].filter(([from, to]) => first.includes(from) && second.includes(to));
  if (known.length === 0) return false;
  // By how much of the first text is accounted for: how much of the second one then may be.
  const reached = Array.from({ length: first.length + 1 }, () => new Set<number>());
  reached[0]?.add(0);
  reached.forEach((places, at) => {
    for (const place of places) {
      if (at < first.length && first[at] === second[place]) reached[at + 1]?.add(place + 1);
      for (const [from, to] of known) {
        if (first.startsWith(from, at) && second.startsWith(to, place))
          reached[at + from.length]?.add(place + to.length);
      }
    }
  });
  return reached[first.length]?.has(second.length) ?? false;
}

/** Members whose values no two runs have in common, whatever stands in front of it in their names. */
const PASSING_NAMES =
  /(?:^|[a-z])(?:Id|At|Ms|Pid|Ifindex|Inode|Index|Time|Mac|Packets|Bytes)$|^(?:id|seq|pid|ifindex|inode|mac|packets|bytes)$/;

/** What in a text is another one in every run. */
const PASSING_TEXTS: readonly RegExp[] = [
  /\b[0-9a-f]{64}\b/g, // an id of Docker's, or a hash
  /\b[0-9a-f]{12}\b/g, // the same, as people know it
  /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, // a hardware address
  /\bfe80::[0-9a-f:]+/g, // the address that a link makes of it
  /\bveth[0-9a-f]{7}\b/g, // a link that Docker named
  /\b\d{4}-\d\d-\d\dT[0-9:.]+Z/g,
  /\b\d+(?:\.\d+)? ?m?s\b/g,
  /(?<=\/proc\/)\d+\b/g,
];

function isPassing({ member, first, second }: MemberDifference, runs: readonly [string, string]): boolean {
  if (first === undefined || second === undefined) return false;
  const name = member.split('.').at(-1) ?? '';
  const simple = typeof first !== 'object' && typeof second !== 'object';
  if (simple && PASSING_NAMES.test(name)) return true;
  if (typeof first !== 'string' || typeof second !== 'string') return false;
  return lasting(first, runs[0]) === lasting(second, runs[1]);
}

function lasting(text: string, run: string): string {
  const withoutRun = text.replaceAll(run, '<run>');
  return PASSING_TEXTS.reduce((rest, passing) => rest.replace(passing, '<...>'), withoutRun);
}
