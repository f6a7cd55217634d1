const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** Returns bytes for people, in steps of 1000: `812 B`, `4.1 kB`, `2.0 GB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  let [value, unit] = [bytes / 1_000, 0];
  for (; value >= 999.95 && unit < UNITS.length - 1; unit++) value /= 1_000;
  return `${value.toFixed(1)} ${UNITS[unit]}`;
}
