/** Formats a time limit in milliseconds exactly: `200 ms`, `1.5 s`, `10 min`. */
export function limitText(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1_000} s`;
}
