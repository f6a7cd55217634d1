import { commandLine } from '../../../engine/model/evidence.ts';
import { agentArguments, DEMO_HOSTS, DEMO_URL, type DemoHost } from '../../../fleet/demo/start-demo.ts';

/** A host with its links and addresses before and after the fleet run that was rolled back. */
export interface ProvenHost extends DemoHost {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly asBefore: boolean;
}

/** Returns the started processes, with the commands that a person would type. */
export function startedLines(workflow: string, drops: boolean): readonly string[] {
  const names = DEMO_HOSTS.map(({ name }) => name).join(', ');
  return [
    `  restate   ${DEMO_URL}   restate-server`,
    `  handlers  ${' '.repeat(DEMO_URL.length)}   wf fleet serve`,
    ...DEMO_HOSTS.map(({ name, address }) => {
      const agent = commandLine(['wf', ...agentArguments(name, workflow)]);
      return `  ${name.padEnd(8)}  ${address.padEnd(DEMO_URL.length)}   ${agent}`;
    }),
    drops
      ? `  Agents only dial out: ${names} drop each connection to them (tried).`
      : `  Agents only dial out: nothing listens on ${names}.`,
  ];
}

/** Returns the proof of the rollback. */
export function proofLines(hosts: readonly ProvenHost[]): readonly string[] {
  return [
    '',
    '3. Proof: links and addresses of each host, read again',
    '',
    ...hosts.map(({ name, before, after, asBefore }) =>
      asBefore
        ? `  ${name}  as before: ${after.join(', ')}`
        : `  ${name}  NOT as before: ${after.join(', ')}; it was: ${before.join(', ')}`,
    ),
    '',
  ];
}

/** Returns the commands to continue with in another terminal. @param url address of Restate for that terminal */
export function keptLines(url: string): readonly string[] {
  return [
    'The hosts stay up until Ctrl-C. In another terminal:',
    '',
    `  export WF_FLEET=${url}`,
    '  wf fleet hosts',
    '  wf fleet rollback demo1',
    '',
  ];
}
