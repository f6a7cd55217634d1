import type { MemberDifference } from './member-differences.ts';

/**
 * The relevance of a difference between two runs. `incidental`: the value differs in any two runs (an id, a hardware address, the number of
 * a process or link, a time, a counter); `derived`: it follows from an earlier difference (a URL with another address in it);
 * `significant`: any other.
 */
export type Relevance = 'significant' | 'derived' | 'incidental';

/** Judges the relevance of the differences between two runs, in order. */
export interface RelevanceJudge {
  judge(difference: MemberDifference): Relevance;
}

/** Characters of the longest text that is searched for earlier differences. */
const LONGEST = 2_000;

/** @param runs the ids of the two runs */
export function createRelevanceJudge(runs: readonly [string, string]): RelevanceJudge {
  const renamed = new Map<string, string>();
  const remember = (first: string, second: string) => {
    if (first !== '' && !renamed.has(first)) renamed.set(first, second);
  };
  return {
    judge(difference) {
      if (isIncidental(difference, runs)) return 'incidental';
      const { first, second } = difference;
      if (typeof first !== 'string' || typeof second !== 'string') return 'significant';
      const [one, other] = [lasting(first, runs[0]), lasting(second, runs[1])];
      if (isDerived(one, other, renamed)) return 'derived';
      remember(one, other);
      // The name may occur elsewhere in lower case.
      remember(one.toLowerCase(), other.toLowerCase());
      return 'significant';
    },
  };
}

/** Whether the second text is the first one with earlier differences applied, in any places. */
function isDerived(first: string, second: string, renamed: ReadonlyMap<string, string>): boolean {
  if (first.length > LONGEST || second.length > LONGEST) return false;
  const known = [...renamed].filter(([from, to]) => first.includes(from) && second.includes(to));
  if (known.length === 0) return false;
  // For each length of the first text: the lengths of the second text that can match it.
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

/** Names of members whose values differ in any two runs; some match as suffixes. */
const INCIDENTAL_NAMES =
  /(?:^|[a-z])(?:Id|At|Ms|Pid|Ifindex|Inode|Index|Time|Mac|Packets|Bytes)$|^(?:id|seq|pid|ifindex|inode|mac|packets|bytes)$/;

/** Patterns of text that differs in any two runs. */
const INCIDENTAL_TEXTS: readonly RegExp[] = [
  /\b[0-9a-f]{64}\b/g, // an id of Docker, or a hash
  /\b[0-9a-f]{12}\b/g, // the short form of an id
  /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, // a hardware address
  /\bfe80::[0-9a-f:]+/g, // the link-local address that is derived from it
  /\bveth[0-9a-f]{7}\b/g, // a link that Docker named
  /\b\d{4}-\d\d-\d\dT[0-9:.]+Z/g,
  /\b\d+(?:\.\d+)? ?m?s\b/g,
  /(?<=\/proc\/)\d+\b/g,
];

function isIncidental({ member, first, second }: MemberDifference, runs: readonly [string, string]): boolean {
  if (first === undefined || second === undefined) return false;
  const name = member.split('.').at(-1) ?? '';
  const simple = typeof first !== 'object' && typeof second !== 'object';
  if (simple && INCIDENTAL_NAMES.test(name)) return true;
  if (typeof first !== 'string' || typeof second !== 'string') return false;
  return lasting(first, runs[0]) === lasting(second, runs[1]);
}

function lasting(text: string, run: string): string {
  const withoutRun = text.replaceAll(run, '<run>');
  return INCIDENTAL_TEXTS.reduce((rest, incidental) => rest.replace(incidental, '<...>'), withoutRun);
}
