import type { RunOptions } from '../../model/journal-event.ts';

/** Adds the names of the secret inputs, each with the source of its value. */
export function optionsWith(names: readonly string[], { secrets: sources = {}, ...options }: RunOptions): RunOptions {
  if (names.length === 0) return options;
  return { ...options, secrets: Object.fromEntries(names.map((name) => [name, sources[name] ?? null])) };
}
