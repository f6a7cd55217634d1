import process from 'node:process';
import { nanoid } from 'nanoid';
import type { Owner } from '../../../engine/model/identity/owner.ts';
import { mailboxWithCrashPoints, partsWithCrashPoints } from '../../../fleet/agent/crash-points.ts';
import { type FleetAgentNote, runFleetAgent } from '../../../fleet/agent/fleet-agent.ts';
import { localParts } from '../../../fleet/agent/local-parts.ts';
import { sessionIdSchema } from '../../../fleet/model/ids.ts';
import { restateTransport } from '../../../fleet/restate/restate-transport.ts';
import { openSecretsOf } from '../../../fleet/secrets/host-secrets.ts';
import { newSeed, publicKeyOf } from '../../../fleet/secrets/seal.ts';
import type { History } from '../../../history/history.ts';
import { createCrashPoints } from '../../../host/workflow-code/crash-points.ts';
import { version } from '../../../library/version.ts';
import type { Services } from '../../services/services.ts';
import type { AskedFleet } from './fleet-options.ts';

/** Carries out the items of the mailbox of this host, until the signal. @param owner the process of the agent */
export async function joinFleet(
  { url, tls, host, labels, allowed }: AskedFleet,
  { history, owner }: { readonly history: History; readonly owner: Owner },
  { clock, isAlive, places }: Services,
  report: (note: FleetAgentNote) => void,
  signal: AbortSignal,
): Promise<void> {
  const session = sessionIdSchema.parse(nanoid());
  const { id, seed } = history.agentIdentity({ id: nanoid(), seed: newSeed() });
  const publicKey = await publicKeyOf(seed);
  const request = { session, agent: id, boot: owner.bootId, publicKey, labels, version };
  const openSecrets = openSecretsOf(host, seed);
  const points = createCrashPoints(process.env);
  const transport = mailboxWithCrashPoints(restateTransport(url, clock, tls), points);
  const local = localParts({ history, database: places.database, isAlive, openSecrets, now: () => clock.now() });
  const parts = partsWithCrashPoints(local, points);
  await runFleetAgent({ transport, host, request, parts, clock, allowed, report }, signal);
}
