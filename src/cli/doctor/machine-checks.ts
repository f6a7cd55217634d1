import { WfError } from '../../engine/model/errors.ts';
import type { CommandPort } from '../../engine/ports/command.ts';
import { findTool } from '../../host/commands/find-tool.ts';
import { howToInstall } from '../../host/commands/tool-package.ts';
import { bridgesAreFiltered, isInFirstNamespace, isProcMounted } from '../../host/machine/machine.ts';
import { canUseCgroups } from '../../host/processes/command-cgroups.ts';
import { type Check, check, found, wrong } from './check.ts';

/** Oldest supported version, as in package.json (`engines`). */
const OLDEST_NODE = [20, 19] as const;
const READ_LIMIT_MS = 5_000;

/** Checks of the machine that concern every run. */
export function machineChecks(nodeVersion: string): readonly Check[] {
  return [
    check('run', 'node', 'runs wf', async () => nodeResult(nodeVersion)),
    check('run', '/proc', 'distinguishes a live process from a killed one', async () =>
      isProcMounted() ? found('mounted') : wrong(noProc()),
    ),
    check(
      'advice',
      'cgroups',
      'contain all processes of a step, so that none outlives a killed wf unnoticed',
      async () =>
        found(
          canUseCgroups()
            ? 'one for each command'
            : 'not permitted: after wf is killed, a program that clears its environment (`env -i`, sudo) is not found',
        ),
    ),
    check('advice', 'network namespace', 'its links, addresses and routes are changed', async () => {
      const isFirst = isInFirstNamespace();
      if (isFirst === null) return found('unknown: that of process 1 is not readable');
      return found(isFirst ? 'that of the machine' : 'a separate one: changes in it are not visible outside');
    }),
  ];
}

/** Checks of tools without which a run reports less. */
export function toolChecks(): readonly Check[] {
  return [
    toolCheck('iptables', 'shows which rule of Docker isolates the networks'),
    toolCheck('iptables-save', 'compares the firewall before and after a run'),
    toolCheck('nft', 'compares nftables before and after a run'),
    check('advice', 'bridge filter', 'whether packets inside a bridge pass the firewall', async ({ command }) =>
      found(`${bridgeFilter()}; ${await forwardPolicy(command)}`),
    ),
  ];
}

function nodeResult(version: string) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  if (!isOld) return found(version);
  return wrong(
    new WfError('E_TOOL_MISSING', `wf needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${version}`, {
      hint: 'Install a newer version with `nvm install 22` or from https://nodejs.org/en/download.',
    }),
  );
}

function noProc(): WfError {
  return new WfError('E_HOST_STATE_UNKNOWN', '/proc does not list this process', {
    hint: 'Mount it with `sudo mount -t proc proc /proc`.',
  });
}

function toolCheck(name: string, purpose: string): Check {
  return check('advice', `tool ${name}`, purpose, async () => {
    const path = findTool(name);
    if (path !== undefined) return found(path);
    return wrong(
      new WfError('E_TOOL_MISSING', `the program ${name} is not installed on this machine`, {
        hint: howToInstall(name),
      }),
    );
  });
}

function bridgeFilter(): string {
  const isFiltered = bridgesAreFiltered();
  if (isFiltered === null) return 'bridge-nf-call-iptables is not loaded';
  return `bridge-nf-call-iptables is ${isFiltered ? '1: they do' : '0: they do not'}`;
}

async function forwardPolicy(command: CommandPort): Promise<string> {
  const unknown = 'the policy of FORWARD is unknown';
  if (findTool('iptables') === undefined) return `${unknown}: iptables is not installed`;
  const { end, stdout } = await command.run(['iptables', '-S', 'FORWARD'], { timeoutMs: READ_LIMIT_MS });
  const policy = /^-P FORWARD (\S+)/m.exec(stdout)?.[1];
  if (end.type !== 'exited' || policy === undefined) return `${unknown} without root`;
  return `forwarded packets without a matching rule are ${policy === 'ACCEPT' ? 'accepted' : 'dropped'} (policy ${policy})`;
}
