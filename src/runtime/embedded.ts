import type { PreflightFinding } from '../engine/engine.ts';
import { privateHostMark, type Runtime } from '../engine/ports/runtime.ts';
import { lookAtRequirements } from '../engine/preflight.ts';
import type { HostPorts } from '../engine/step.ts';
import { privateHostGone } from '../host/embedded/connection.ts';
import { findKeptPrivateHost } from '../host/embedded/find-kept-private-host.ts';
import { startPrivateHost } from '../host/embedded/start-private-host.ts';
import { isAlive } from '../host/process.ts';
import { isOurs } from '../steps/docker/ownership.ts';
import { privateNetworking } from './private-networking.ts';
import { privateRunHost } from './private-run-host.ts';

/** Each run has a private host of its own, made of Linux namespaces: no engine, no image, no root. The machine is not touched. */
export function embeddedRuntime(machine: HostPorts): Runtime {
  return {
    name: 'embedded',
    scope: null,
    look: (): Promise<readonly PreflightFinding[]> => lookAtRequirements(privateNetworking(), machine),
    async open(run) {
      const mark = privateHostMark(run);
      const start = () => startPrivateHost(mark, machine.clock);
      for (;;) {
        const found = await findKeptPrivateHost(mark, machine.clock);
        try {
          const isNew = found === undefined;
          return privateRunHost({ host: found ?? (await start()), isNew }, start, machine.clock);
        } catch (thrown) {
          // One that a rival has just brought to its end was found: it is gone at the next look.
          if (found === undefined || isAlive(found.process)) throw thrown;
          found.close();
        }
      }
    },
    async find(run) {
      const mark = privateHostMark(run);
      const host = await findKeptPrivateHost(mark, machine.clock);
      if (host === undefined) throw privateHostGone(mark);
      return {
        containers: async () => (await host.docker.containers()).filter((container) => isOurs(container, run.id)),
        enter: (argv, container) => host.enter(argv, container ?? undefined),
        close: () => host.close(),
      };
    },
  };
}
