import path from 'node:path';
import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { Argv, CommandPort } from '../../engine/ports/command.ts';
import { homeFolder } from '../../host/machine/user-folders.ts';
import type { Scope } from '../../host/systemd/hardening.ts';
import { isSystemdBooted, systemUnitPath } from '../../host/systemd/unit-file.ts';
import { ownUser } from '../../trust/users.ts';
import { STOP_SECONDS } from './agent-unit.ts';

const ROOT = 0;
/** Longer than the agent may take to stop. */
const LIMIT_MS = (STOP_SECONDS + 60) * 1000;

/** Returns the scope of a service: `system` for root, unless `user` is requested. */
export function scopeOf(user: boolean): Scope {
  return ownUser() === ROOT && !user ? 'system' : 'user';
}

/** Path of a unit file. */
export function unitPath(name: string, scope: Scope): string {
  return scope === 'system' ? systemUnitPath(name) : path.join(homeFolder(), '.config/systemd/user', name);
}

/** @throws WfError E_SYSTEMD if systemd is not the init system of this machine */
export function requireSystemd(): void {
  if (isSystemdBooted()) return;
  throw new WfError('E_SYSTEMD', 'systemd does not run on this machine', {
    hint: 'Let the init system of this machine, or a supervisor, run `wf agent` in the folder of the project.',
  });
}

/** Calls systemctl for a scope. */
export interface Systemctl {
  /** @param done the work done so far, for the error @throws WfError E_SYSTEMD with the message of systemctl */
  call(args: readonly string[], done: string): Promise<void>;
  /** Returns the one-word answer of `is-active` or `is-enabled`. */
  state(question: 'is-active' | 'is-enabled', unit: string): Promise<string>;
}

export function systemctl(
  command: CommandPort,
  scope: Scope,
  env: Readonly<Record<string, string | undefined>>,
): Systemctl {
  const run = (args: readonly string[]) => {
    const argv: Argv = ['systemctl', ...(scope === 'user' ? ['--user'] : []), ...args];
    // Unset in a shell of `su` or cron.
    const runtimeFolder = env['XDG_RUNTIME_DIR'] ?? `/run/user/${ownUser()}`;
    const added = scope === 'user' ? { env: { XDG_RUNTIME_DIR: runtimeFolder } } : {};
    return command.run(argv, { timeoutMs: LIMIT_MS, ...added });
  };
  return {
    async call(args, done) {
      const { argv, end, stdout, stderr } = await run(args);
      if (end.type === 'exited' && end.exitCode === 0) return;
      const message = (stderr.trim() || stdout.trim() || end.type).replaceAll('\n', '; ');
      throw new WfError('E_SYSTEMD', `${done}; \`${commandLine(argv)}\` failed: ${message}`, {
        hint:
          scope === 'user'
            ? 'Log in as this user (not with su), or set XDG_RUNTIME_DIR; then run the command again.'
            : 'Fix that, then run the command again.',
      });
    },
    async state(question, unit) {
      const { stdout } = await run([question, unit]);
      return stdout.trim() || 'unknown';
    },
  };
}
