import { cut, shownName } from '../review/text/format/plain-text.ts';

/** Longest value of a label, in columns of a terminal. */
const LONGEST = 80;

/** The label of all further values. */
const OTHER = 'other';

/**
 * Returns a function that turns a name from users' code into the value of a label: short, and without control characters. Each value is a
 * time series for Prometheus: after `most` different ones, every further name is `other`.
 */
export function boundedLabel(most: number): (name: string) => string {
  const values = new Set<string>();
  return (name) => {
    if (values.has(name)) return name;
    // Bounds the work for a very long name.
    const value = cut(shownName(name.slice(0, 2 * LONGEST)), LONGEST);
    if (values.has(value)) return value;
    if (values.size >= most) return OTHER;
    values.add(value);
    return value;
  };
}
