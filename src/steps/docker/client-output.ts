import { WfError } from '../../engine/model/errors.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { HostContext } from '../../engine/workflow/step.ts';

/**
 * Calls `act` and records it as evidence of `argv`, with the output that the docker client would print. `about` returns the
 * id of the network or container that the output shows.
 * @throws what `act` throws, after recording it as the client reports it.
 */
export async function asCommand<Answer>(
  context: HostContext,
  argv: Argv,
  act: () => Promise<Answer>,
  printed: (answer: Answer) => string,
  about: (answer: Answer) => string | null = () => null,
): Promise<Answer> {
  const { clock, docker } = context.host;
  const startedAt = clock.now();
  const record = (output: string, exitCode: number) =>
    context.record({ command: docker.shown(argv), output, exitCode, startedAt, durationMs: clock.now() - startedAt });
  try {
    const answer = await act();
    const id = about(answer);
    const executedCommands = id === null ? [] : await docker.executedCommands(id);
    record([...executedCommands, printed(answer)].join('\n'), 0);
    return answer;
  } catch (thrown) {
    if (thrown instanceof WfError) record(`Error response from daemon: ${thrown.message}`, 1);
    throw thrown;
  }
}

/** Formats a table like the docker client: columns of at least 10 characters, three spaces after the longest cell. */
export function table(header: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const lines = [header, ...rows];
  const widths = header.map((_name, column) => Math.max(10, ...lines.map((line) => (line[column] ?? '').length + 3)));
  return lines
    .map((line) => line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))))
    .map((cells) => cells.join('').trimEnd())
    .join('\n');
}

/** Formats JSON like `docker inspect`: a list with one element, indented by four spaces. */
export function inspection(object: unknown): string {
  return JSON.stringify([object], null, 4);
}
