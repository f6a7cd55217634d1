import { execFileSync, spawnSync } from 'node:child_process';
import type { Argv } from '../../../src/engine/ports/command.ts';
import { holdNamespace } from '../crash/lane.ts';

/** A network namespace in which the runs of one case are alone. */
export interface Place {
  /** Beginning of a command line in it. */
  readonly through: readonly [string, ...string[]];
  /** Runs a command in it, and returns its output. */
  run(argv: Argv, input?: string): string;
  /** Runs `ip` commands in it, also those after one that fails. */
  ip(...commands: readonly string[]): void;
  close(): Promise<void>;
}

/** Beginning of a command line that uses no engine of the machine. */
export const WITHOUT_DOCKER = ['env', 'DOCKER_HOST=unix:///nonexistent/docker.sock'];

/** Opens an empty namespace, whose loopback link is up. */
export async function openPlace(): Promise<Place> {
  const holder = await holdNamespace();
  const through = ['nsenter', `--net=${holder.namespace}`, '--', ...WITHOUT_DOCKER] as const;
  const place: Place = {
    through: [...through],
    run: (argv, input = '') => execFileSync(through[0], [...through.slice(1), ...argv], { encoding: 'utf8', input }),
    ip: (...commands) => {
      spawnSync(through[0], [...through.slice(1), 'ip', '-force', '-batch', '-'], { input: commands.join('\n') });
    },
    close: () => holder.end(),
  };
  // Without duplicate address detection, which ends a second later: addresses of new links are complete at once.
  place.run(['tee', '/proc/sys/net/ipv6/conf/default/accept_dad'], '0');
  place.ip('link set lo up');
  return place;
}
