// Medians, ranges and percentiles.

export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const median = (values) => percentile(values, 0.5);

export function range(values) {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values), rounds: values.length };
}

/** Formats with three significant digits, or as an integer from 100 on. */
export function short(number) {
  if (number === undefined || Number.isNaN(number)) return '-';
  if (Math.abs(number) >= 100) return Math.round(number).toLocaleString('en');
  return String(Number(number.toPrecision(3)));
}

export const shortRange = ({ median: middle, least, most }) => `${short(middle)} (${short(least)} to ${short(most)})`;
