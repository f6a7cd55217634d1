import type { CommandOptions, CommandPort, CommandResult } from '../../engine/ports/command.ts';

/**
 * Returns a port that runs identical reads of the same moment once: many steps that begin together read the same links. A read begins
 * only after all its requests.
 */
export function sharingReads({ run }: CommandPort): CommandPort {
  const due = new Map<string, Promise<CommandResult>>();
  return {
    run(argv, options) {
      if (!isShareable(options)) return run(argv, options);
      const { namespace, timeoutMs, maxOutputBytes } = options;
      const key = JSON.stringify([argv, namespace, timeoutMs, maxOutputBytes]);
      const known = due.get(key);
      if (known !== undefined) return known;
      const reading = endOfTurn().then(() => {
        due.delete(key);
        return run(argv, options);
      });
      due.set(key, reading);
      return reading;
    },
  };
}

/** A read that can be stopped, or that depends on more than its arguments and its namespace, is not shared. */
function isShareable({ isRead, signal, inherited, stdin, cwd }: CommandOptions): boolean {
  return isRead === true && [signal, inherited, stdin, cwd].every((option) => option === undefined);
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
