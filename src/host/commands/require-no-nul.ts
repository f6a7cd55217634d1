import { WfError } from '../../engine/model/errors.ts';
import type { Argv, CommandOptions } from '../../engine/ports/command.ts';

/**
 * Refuses a NUL character in a command line, its directory or its environment: the kernel ends each text there.
 * @throws WfError E_STEP_INPUT
 */
export function requireNoNul(argv: Argv, { cwd, env = {} }: Pick<CommandOptions, 'cwd' | 'env'>): void {
  const index = argv.findIndex((argument) => argument.includes('\0'));
  const variable = Object.entries(env).find(([name, value]) => `${name}${value}`.includes('\0'))?.[0];
  const holders = [
    ...(index === -1 ? [] : [index === 0 ? 'name of the program' : `argument ${index} of ${argv[0]}`]),
    ...(cwd?.includes('\0') ? [`working directory of ${argv[0]}`] : []),
    ...(variable === undefined ? [] : [`environment variable ${variable} of ${argv[0]}`]),
  ];
  const [holder] = holders;
  if (holder === undefined) return;
  throw new WfError('E_STEP_INPUT', `the ${holder.replaceAll('\0', '\\0')} contains a NUL character`, {
    hint: 'Remove the NUL character from the input: no program accepts one.',
    untouched: true,
  });
}
