const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Returns milliseconds for people: `412 ms`, `1.9 s`, `2 min 3 s`, `1 h 2 min`, `3 d 4 h`; `-` for "not yet". */
export function durationText(ms: number | null): string {
  if (ms === null) return '-';
  const whole = Math.max(0, Math.round(ms));
  if (whole < SECOND) return `${whole} ms`;
  // 59.95 s and more would be rounded to 60.0 s.
  if (whole < MINUTE - 50) return `${(whole / SECOND).toFixed(1)} s`;
  const seconds = Math.round(whole / SECOND) * SECOND;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ${(seconds % MINUTE) / SECOND} s`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ${Math.floor((seconds % HOUR) / MINUTE)} min`;
  return `${Math.floor(seconds / DAY)} d ${Math.floor((seconds % DAY) / HOUR)} h`;
}

/** Returns a relative time: `just now`, `12 s ago`, `3 min ago`, `5 h ago`, `3 d ago`; beyond 30 days the date in UTC. */
export function relativeTimeText(at: number, now: number): string {
  const ago = now - at;
  if (ago < 2 * SECOND) return 'just now';
  if (ago < MINUTE) return `${Math.floor(ago / SECOND)} s ago`;
  if (ago < HOUR) return `${Math.floor(ago / MINUTE)} min ago`;
  if (ago < DAY) return `${Math.floor(ago / HOUR)} h ago`;
  if (ago < 30 * DAY) return `${Math.floor(ago / DAY)} d ago`;
  return new Date(at).toISOString().slice(0, 10);
}

/** Returns a moment for people: `2026-01-31 12:00:00 UTC`. */
export function momentText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
