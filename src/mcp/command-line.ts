import type { Call } from './wf-calls.ts';

/** Parts of a command line whose values come from a client. */
interface Words {
  /** Options without a value, such as `--dry-run`. */
  readonly flags?: readonly string[];
  /** Values by the name of the option, such as `limit`; one that is undefined is left out. */
  readonly options?: Readonly<Record<string, string | number | undefined>>;
  readonly positional?: readonly (string | undefined)[];
  readonly stdin?: string;
}

/** Returns a command line in which a value is never taken for an option: `--name=value`, and `--` before positional arguments. */
export function wfCommandLine(command: string, { flags = [], options = {}, positional = [], stdin }: Words = {}): Call {
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
  const words = positional.filter((word) => word !== undefined);
  const argv = [command, '--quiet', ...flags, ...given, '--', ...words];
  return stdin === undefined ? { argv } : { argv, stdin };
}
