import type { CommandOptions, CommandPort, CommandResult } from '../../engine/ports/command.ts';

/**
 * Returns a port that runs equal reads once if they are asked for at the same moment: many steps that begin together look at the same
 * links. Each read begins after it was asked for.
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

/** A read that somebody may stop, or that depends on more than its words and its namespace, is its asker's own. */
function isShareable({ isRead, signal, inherited, stdin, cwd }: CommandOptions): boolean {
  return isRead === true && [signal, inherited, stdin, cwd].every((option) => option === undefined);
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
