import { canonicalJson } from '../engine/model/json.ts';
import { type Clock, pause } from '../engine/ports/clock.ts';
import {
  SECTION_NAMES,
  type Section,
  type SectionName,
  type Sections,
  unreadableSection,
} from './differences/shape.ts';

/** Long enough for a change in progress to show between two samples that take about 50 ms each. */
const PAUSE_MS = 15;
/** Short enough to notice an object that appears and disappears about once a second, without much load. */
const WATCH_PAUSE_MS = 100;
/** Late effects of a Docker call take tenths of a second: changes in the second half of this time are not the run's. */
const SETTLE_MS = 2_000;
/** Long enough for several rounds of an object that appears and disappears about once a second. */
const WATCH_MS = 4_000;
/** Minimum for a machine on which one sample takes that long. */
const SETTLE_LEAST_SAMPLES = 4;
/**
 * Minimum for a busy machine: in the second half of 20 samples, an object that alternates between two values has the same one by chance
 * once in 1,024 times; of 4 samples, once in 4.
 */
const WATCH_LEAST_SAMPLES = 20;

const UNWATCHED = { pauseMs: PAUSE_MS, lastsMs: SETTLE_MS, leastSamples: SETTLE_LEAST_SAMPLES };
const WATCHED = { pauseMs: WATCH_PAUSE_MS, lastsMs: WATCH_MS, leastSamples: WATCH_LEAST_SAMPLES };

interface Difference {
  readonly section: SectionName;
  /** Undefined stands for the state of the section. */
  readonly subject: string | undefined;
}

/**
 * Samples until two consecutive samples are equal. If the time ends before that, the last sample lists the subjects that changed in its
 * second half.
 * @param isWatched samples for the whole time, even if two are equal
 * @param isExpected returns whether the first sample is enough
 */
export async function settledSample(
  sample: () => Promise<Sections>,
  clock: Clock,
  isWatched: boolean,
  isExpected: (sections: Sections) => boolean,
): Promise<Sections> {
  const startedAt = clock.now();
  const { pauseMs, lastsMs, leastSamples } = isWatched ? WATCHED : UNWATCHED;
  const seen: { readonly at: number; readonly differences: readonly Difference[] }[] = [];
  let previous = await sample();
  if (isExpected(previous)) return previous;
  for (let count = 2; ; count += 1) {
    await pause(clock, pauseMs);
    const next = await sample();
    const at = clock.now();
    const differences = differencesOf(previous, next);
    if (differences.length === 0 && !isWatched) return next;
    seen.push({ at, differences });
    if (at - startedAt >= lastsMs && count >= leastSamples) {
      const late = seen.filter((sampled) => sampled.at - startedAt >= (at - startedAt) / 2);
      return withChanging(
        next,
        late.flatMap((sampled) => sampled.differences),
      );
    }
    previous = next;
  }
}

/** Returns whether a host is unchanged: an earlier settled sample equals this one. */
export function isUnchanged(before: Sections, after: Sections): boolean {
  const isChanging = SECTION_NAMES.some((name) => (before[name].changing ?? []).length > 0);
  return !isChanging && differencesOf(before, after).length === 0;
}

function differencesOf(before: Sections, after: Sections): readonly Difference[] {
  return SECTION_NAMES.flatMap((section): readonly Difference[] => {
    const [earlier, later] = [before[section], after[section]];
    const subjects = new Set([...Object.keys(earlier.entries), ...Object.keys(later.entries)]);
    const altered = [...subjects].filter((subject) => !isSame(earlier, later, subject));
    const state = earlier.state === later.state ? [] : [{ section, subject: undefined }];
    return [...state, ...altered.map((subject) => ({ section, subject }))];
  });
}

function isSame(earlier: Section, later: Section, subject: string): boolean {
  return canonicalJson(earlier.entries[subject] ?? null) === canonicalJson(later.entries[subject] ?? null);
}

function withChanging(sections: Sections, differences: readonly Difference[]): Sections {
  let marked = sections;
  for (const section of SECTION_NAMES) {
    const own = differences.filter((difference) => difference.section === section);
    if (own.length === 0) continue;
    const subjects = own.flatMap(({ subject }) => subject ?? []);
    const changing = [...new Set(subjects)].sort();
    const isReadable = own.every(({ subject }) => subject !== undefined);
    marked = {
      ...marked,
      [section]: isReadable ? { ...sections[section], changing } : unreadableSection('it was readable only at times'),
    };
  }
  return marked;
}
