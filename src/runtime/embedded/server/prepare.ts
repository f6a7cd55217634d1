import { chmodSync, existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SOCKET_PATH, TEMPORARY_FOLDER } from '../protocol/names.ts';
import { ipBatch } from '../shared/ip-batch.ts';
import { disableIpv6, writeNetworkSetting } from '../shared/network-setting.ts';
import { mount } from './mount.ts';
import { makeFilesReadOnly } from './read-only-files.ts';

const OWN_FOLDER = dirname(SOCKET_PATH);

/** Files that replace those of the machine, for all processes of the private host. */
const FILES: readonly { readonly path: string; readonly content: string }[] = [
  // Address of Docker's name server in each container. Nothing listens there on the private host itself, which has no uplink.
  { path: '/etc/resolv.conf', content: 'nameserver 127.0.0.11\n' },
  { path: '/etc/hosts', content: '127.0.0.1 localhost\n' },
];

/**
 * Turns the namespaces of this process into a separate host. Mounts are visible only inside it; the files of the machine are readable, but
 * not writable.
 * @throws WfError E_RUNTIME_UNAVAILABLE
 */
export async function prepareHost(): Promise<void> {
  await prepareNetwork();
  await replaceFiles();
}

/** Prepares the network namespace of this process. @throws WfError E_RUNTIME_UNAVAILABLE */
export async function prepareNetwork(): Promise<void> {
  writeNetworkSetting('ipv4/ip_forward', '1');
  disableIpv6();
  await ipBatch(['link set dev lo up'], 'prepare the private host');
}

async function replaceFiles(): Promise<void> {
  // A link into /run is broken once another file system is mounted there.
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
      await mount(['-o', 'bind,ro', source, target]);
    }
  });
  await Promise.all(replaced);
  mkdirSync(TEMPORARY_FOLDER);
  chmodSync(TEMPORARY_FOLDER, 0o1777);
  await makeFilesReadOnly(OWN_FOLDER);
}

function whereItIs(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    // Replacing a missing file would change the files of the machine.
    return existsSync(path) ? path : undefined;
  }
}
