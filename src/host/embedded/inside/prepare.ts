import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WfError } from '../../../engine/errors.ts';
import type { Argv } from '../../../engine/ports/command.ts';
import { ipBatch } from '../ip-batch.ts';
import { SOCKET_PATH } from '../names.ts';
import { disableIpv6, writeNetworkSetting } from '../network-setting.ts';
import { runProgram } from '../run-program.ts';

/** It takes milliseconds; this is for a machine that is all but stuck. */
const MOUNT_LIMIT_MS = 20_000;
const OWN_FOLDER = dirname(SOCKET_PATH);

/** What is put in the place of files of the machine, for all that is in the private host. */
const FILES: readonly { readonly path: string; readonly content: string }[] = [
  // Where Docker's name server is in each container. On the private host itself nobody listens there: it has no uplink.
  { path: '/etc/resolv.conf', content: 'nameserver 127.0.0.11\n' },
  { path: '/etc/hosts', content: '127.0.0.1 localhost\n' },
];

/**
 * Makes the namespaces that this process is in into a host of its own. Nothing of the machine's own files is touched: what is
 * mounted is seen in here only.
 * @throws WfError E_RUNTIME_UNAVAILABLE
 */
export async function prepareHost(): Promise<void> {
  await Promise.all([replaceFiles(), prepareNetwork()]);
}

async function prepareNetwork(): Promise<void> {
  writeNetworkSetting('ipv4/ip_forward', '1');
  disableIpv6();
  await ipBatch(['link set dev lo up'], 'prepare the private host');
}

async function replaceFiles(): Promise<void> {
  // A link into /run leads nowhere once that is another file system.
  const files = FILES.map((file) => ({ ...file, target: whereItIs(file.path) }));
  await mount(['-t', 'tmpfs', '-o', 'mode=755', 'wf', '/run']);
  mkdirSync(OWN_FOLDER, { mode: 0o700 });
  const replaced = files.map(async ({ path, content, target }) => {
    if (target === undefined) return;
    if (target.startsWith('/run/')) {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, content);
    } else {
      const source = join(OWN_FOLDER, path.replaceAll('/', '-').slice(1));
      writeFileSync(source, content);
      await mount(['--bind', source, target]);
    }
  });
  await Promise.all(replaced);
}

function whereItIs(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // Where it is missing, nothing can be put in its place without touching the machine's own files.
    return existsSync(path) ? path : undefined;
  }
}

async function mount(args: readonly string[]): Promise<void> {
  // --no-mtab: else the first one keeps its books in a folder /run/mount, which it makes on the machine itself where it is missing.
  const argv: Argv = ['mount', '--no-mtab', ...args];
  const { exitCode, output } = await runProgram(argv, { timeoutMs: MOUNT_LIMIT_MS }).catch((thrown: unknown) => {
    throw unavailable(`\`${argv.join(' ')}\` cannot be run: ${String(thrown)}`);
  });
  if (exitCode === 0) return;
  throw unavailable(`\`${argv.join(' ')}\` failed: ${output.trim() || `exit code ${exitCode}`}`);
}

function unavailable(why: string): WfError {
  return new WfError('E_RUNTIME_UNAVAILABLE', `no private host can be made on this machine: ${why}`, {
    hint: 'A container or a security module may forbid it. Run wf as root on the machine itself, or use Docker: `--runtime docker`.',
  });
}
