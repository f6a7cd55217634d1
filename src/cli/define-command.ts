import * as z from 'zod/mini';
import type { ExitCode } from '../engine/model/errors.ts';
import type { Terminal } from './output/terminal.ts';
import type { Services } from './services/services.ts';

/** A command: takes its unparsed options, the services and the terminal; returns the exit code. */
export type CliCommand = (given: unknown, services: Services, terminal: Terminal) => Promise<ExitCode>;

/** A command whose options are parsed by a schema before it runs. */
export function defineCommand<Options extends z.core.$ZodType>(
  options: Options,
  perform: (options: z.output<Options>, services: Services, terminal: Terminal) => Promise<ExitCode>,
): CliCommand {
  return (given, services, terminal) => perform(z.parse(options, given), services, terminal);
}
