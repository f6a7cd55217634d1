import { type ExitCode, WfError } from '../../../engine/model/errors.ts';
import { HOST_NAME_RULE, hostNameSchema } from '../../../fleet/model/ids.ts';
import { isSilent } from '../../../fleet/model/mailbox.ts';
import { hostListLines } from '../../../fleet/record/fleet-text.ts';
import { keyFingerprint } from '../../../fleet/secrets/key-fingerprint.ts';
import { isoTime } from '../../../review/record/iso-time.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import { labelsOf } from '../unattended/fleet-options.ts';
import { connectFleet, requesterName } from './connect.ts';
import type { FleetOptions } from './fleet.ts';

/** `wf fleet hosts`: lists the hosts whose agents have reached the fleet. */
export async function listHosts(given: FleetOptions, services: Services, { out, err }: Terminal): Promise<ExitCode> {
  const labels = Object.entries(labelsOf('--where', given.where ?? []));
  const now = services.clock.now();
  const hosts = (await connectFleet(given, services).hosts()).filter(({ session }) =>
    labels.every(([key, value]) => session?.labels[key] === value),
  );
  if (given.json) {
    const records = hosts.map(({ host, session, seenAt, writtenOff, items, progress }) => ({
      host,
      connected: writtenOff === null && !isSilent({ seenAt }, now),
      seenAt: seenAt === null ? null : isoTime(seenAt),
      labels: session?.labels ?? {},
      version: session?.version ?? null,
      keyFingerprint: keyFingerprint(session?.publicKey),
      items,
      progress,
      writtenOff: writtenOff && { at: isoTime(writtenOff.at), by: writtenOff.by, reason: writtenOff.reason },
    }));
    writeJson(out, records);
  } else if (hosts.length > 0) writeLines(out, hostListLines(hosts, now, out.style));
  else writeLines(err, ['No hosts. On each, start `wf agent --fleet URL --name HOST`.']);
  return 0;
}

/** `wf fleet write-off HOST --reason TEXT`: records that a host will not answer. */
export async function writeOffHost(given: FleetOptions, services: Services, { out }: Terminal): Promise<ExitCode> {
  const host = hostNameSchema.safeParse(given.subject);
  if (!host.success) throw new WfError('E_USAGE', `"${given.subject}" is not a host name`, { hint: HOST_NAME_RULE });
  const { reason = '' } = given;
  if (reason.trim() === '') {
    throw new WfError('E_USAGE', 'wf fleet write-off needs a --reason', {
      hint: 'Give the reason why the host will not answer: the record of each fleet run keeps it.',
    });
  }
  const fleets = await connectFleet(given, services).writeOff(host.data, { by: requesterName(), reason });
  if (given.json) writeJson(out, { host: host.data, fleets });
  else {
    const owed =
      fleets.length === 0 ? 'it owes no answer' : `fleet runs that no longer wait for it: ${fleets.join(', ')}`;
    writeLines(out, [`host ${host.data} is written off; ${owed}`]);
  }
  return 0;
}
