import type { CliCommand } from '../define-command.ts';

/** What commander calls when a command was asked for. */
type Action = (...positional: unknown[]) => void;

/**
 * The action of a command: its positional arguments get these names, and it is loaded by `load` once it is asked for, and
 * nothing else is.
 */
export type Does = (names: readonly string[], load: () => Promise<CliCommand>) => Action;
