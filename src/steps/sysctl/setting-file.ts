import type { Argv } from '../../engine/ports/command.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { requireSuccess } from '../../host/commands/checked-command.ts';
import { inNamespace, READ_LIMITS } from '../../host/ip/run-ip.ts';
import { namespaceOf, type Place, runAt } from '../net/place.ts';
import { fileOfSetting } from './setting-name.ts';

/** Returns the value of a setting as the kernel prints it; null if the kernel lacks the setting. @throws WfError if it cannot be read */
export async function readSetting(context: HostContext, place: Place, name: string): Promise<string | null> {
  const file = fileOfSetting(name);
  const read = await runRead(context, place, ['cat', file]);
  if (read.end.type !== 'exited' || read.end.exitCode === 0) return withoutEnd(requireRead(read).stdout);
  const { end } = await runRead(context, place, ['test', '-e', file]);
  if (end.type === 'exited' && end.exitCode === 1) return null;
  return requireRead(read).stdout;
}

/** Writes a value. @throws WfError E_HOST_COMMAND if the kernel refuses it */
export async function writeSetting(context: HostContext, place: Place, name: string, value: string): Promise<void> {
  // Not `sysctl -w`: it cannot write an empty value, and not every machine has it.
  await runAt(context, place, ['tee', fileOfSetting(name)], sysctlCommand(name, value), { stdin: `${value}\n` });
}

/** Returns the command that a person would type. */
export function sysctlCommand(name: string, value: string): Argv {
  return ['sysctl', '-w', `${name}=${value}`];
}

const CONF = { ipv4: '/proc/sys/net/ipv4/conf', ipv6: '/proc/sys/net/ipv6/conf' } as const;
/** Settings with which the kernel overwrites the forwarding of every link. */
const FORWARDING: Readonly<Record<string, keyof typeof CONF>> = {
  'net.ipv4.ip_forward': 'ipv4',
  'net.ipv4.conf.all.forwarding': 'ipv4',
  'net.ipv6.conf.all.forwarding': 'ipv6',
};

/** A setting and its value. */
interface Setting {
  readonly name: string;
  readonly value: string;
}

/**
 * Returns the settings that the kernel overwrites together with this one, and that a second write of its present value would not
 * restore.
 */
export async function overwrittenWith(
  context: HostContext,
  place: Place,
  { name, value }: Setting,
): Promise<readonly Setting[]> {
  const family = FORWARDING[name];
  if (family === undefined) return [];
  const wanted = ['--include=forwarding', '--include=accept_redirects'];
  const listed = requireRead(await runRead(context, place, ['grep', '--recursive', ...wanted, '', CONF[family]]));
  return listed.stdout.split('\n').flatMap((line): readonly Setting[] => {
    const [, link, setting, present] = /\/([^/]+)\/(forwarding|accept_redirects):(.*)$/.exec(line) ?? [];
    if (link === undefined || present === undefined) return [];
    // Enabling IPv4 forwarding turns redirects off for all links; disabling it turns them on.
    if (setting === 'accept_redirects' && (family === 'ipv6' || link !== 'all')) return [];
    const follows = setting === 'forwarding' ? value : value === '0' ? '1' : '0';
    if (present === follows) return [];
    return [{ name: `net.${family}.conf.${link.replaceAll('.', '/')}.${setting}`, value: present }];
  });
}

function runRead(context: HostContext, place: Place, argv: Argv) {
  const namespace = inNamespace(namespaceOf(place, context.host));
  return context.host.command.run(argv, { ...READ_LIMITS, ...namespace, signal: context.signal });
}

function requireRead(result: Awaited<ReturnType<typeof runRead>>) {
  return requireSuccess(result, READ_LIMITS.timeoutMs);
}

function withoutEnd(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
