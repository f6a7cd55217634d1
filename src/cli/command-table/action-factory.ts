import type { CliCommand } from '../define-command.ts';

/** Callback of commander for a requested command. */
type Action = (...positional: unknown[]) => void;

/** Creates the action of a command: names its positional arguments, and loads it with `load` when it is requested. */
export type ActionFactory = (names: readonly string[], load: () => Promise<CliCommand>) => Action;
