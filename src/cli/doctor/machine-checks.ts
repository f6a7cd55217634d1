import { WfError } from '../../engine/model/errors.ts';
import type { CommandPort } from '../../engine/ports/command.ts';
import { findTool } from '../../host/commands/find-tool.ts';
import { howToInstall } from '../../host/commands/tool-package.ts';
import { bridgesAreFiltered, isInFirstNamespace, isProcMounted } from '../../host/machine/machine.ts';
import { canUseCgroups } from '../../host/processes/command-cgroups.ts';
import { type Check, check, found, wrong } from './check.ts';

/** As package.json says (`engines`). */
const OLDEST_NODE = [20, 19] as const;
const LOOK_MS = 5_000;

/** What of the machine itself every run needs. */
export function machineChecks(nodeVersion: string): readonly Check[] {
  return [
    check('run', 'node', 'runs wf', async () => nodeResult(nodeVersion)),
    check('run', '/proc', 'tells a living process from one that was killed', async () =>
      isProcMounted() ? found('mounted') : wrong(noProc()),
    ),
    check(
      'advice',
      'cgroups',
      'hold all that a step starts, so that none of it outlives a killed wf unseen',
      async () =>
        found(
          canUseCgroups()
            ? 'one is made for each command'
            : 'may not be made: a program that clears its environment (`env -i`, sudo) is not found once wf was killed',
        ),
    ),
    check('advice', 'network namespace', 'whose links, addresses and routes are altered', async () => {
      const isFirst = isInFirstNamespace();
      if (isFirst === null) return found('which one cannot be told: that of process 1 may not be looked at');
      return found(isFirst ? 'that of the machine' : 'one of its own: what is made here is not seen outside of it');
    }),
  ];
}

/** What a run does without, and tells less for it. */
export function toolChecks(): readonly Check[] {
  return [
    toolCheck('iptables', 'tells which rule of Docker kept the networks apart'),
    toolCheck('iptables-save', 'compares the firewall before and after a run'),
    toolCheck('nft', 'compares the firewall before and after a run, where it is not kept by iptables'),
    check(
      'advice',
      'filter of bridges',
      'whether a packet inside a bridge passes the firewall too',
      async ({ command }) => found(`${bridgeFilter()}; ${await forwardPolicy(command)}`),
    ),
  ];
}

function nodeResult(version: string) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
  if (!isOld) return found(version);
  return wrong(
    new WfError('E_TOOL_MISSING', `wf needs Node.js ${OLDEST_NODE.join('.')} or newer; this is ${version}`, {
      hint: 'Install a newer one: `nvm install 22`, or https://nodejs.org/en/download.',
    }),
  );
}

function noProc(): WfError {
  return new WfError('E_HOST_STATE_UNKNOWN', '/proc does not tell of this process', {
    hint: 'Mount it: `sudo mount -t proc proc /proc`.',
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
  return `bridge-nf-call-iptables is ${isFiltered ? '1: it does' : '0: it does not'}`;
}

async function forwardPolicy(command: CommandPort): Promise<string> {
  const unknown = 'the policy of FORWARD cannot be told';
  if (findTool('iptables') === undefined) return `${unknown}: there is no iptables`;
  const { end, stdout } = await command.run(['iptables', '-S', 'FORWARD'], { timeoutMs: LOOK_MS });
  const policy = /^-P FORWARD (\S+)/m.exec(stdout)?.[1];
  if (end.type !== 'exited' || policy === undefined) return `${unknown} without root`;
  return `what is forwarded and matches no rule is ${policy === 'ACCEPT' ? 'let through' : 'dropped'} (policy ${policy})`;
}
