export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** Returns whether a value is a finite number. */
export function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}
