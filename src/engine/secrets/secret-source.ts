/** Whether a value names the source of a secret, `@env:VARIABLE` or `@file:PATH`, which wf reads as its own user. */
export function isSecretSource(value: unknown): value is string {
  return typeof value === 'string' && /^@(?:env|file):/.test(value);
}
