import { WfError } from '../../engine/model/errors.ts';
import { commandLine } from '../../engine/model/evidence.ts';
import type { Argv } from '../../engine/ports/command.ts';
import type { Requirement } from '../../engine/workflow/requirement.ts';
import { READ_LIMITS } from '../../host/ip/run-ip.ts';

/** Requires that the kernel has a queueing discipline and accepts these options. Tries it in a new network namespace. */
export function qdiscAvailable(kind: string, options: readonly string[] = []): Requirement {
  return {
    title: `queueing discipline ${kind}`,
    purpose: 'shaping the traffic of a link',
    claim: null,
    async check({ command }) {
      const argv: Argv = ['unshare', '--net', '--', 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', kind, ...options];
      const { end, stderr } = await command.run(argv, READ_LIMITS);
      if (end.type === 'exited' && end.exitCode === 0) return { met: true, found: commandLine([kind, ...options]) };
      const error = `this kernel does not accept the queueing discipline ${commandLine([kind, ...options])}: ${stderr.trim()}`;
      const hint = `Load it with \`modprobe sch_${kind}\`, or install the package with the modules of this kernel.`;
      return { met: false, error: new WfError('E_RUNTIME_UNAVAILABLE', error, { hint }) };
    },
  };
}
