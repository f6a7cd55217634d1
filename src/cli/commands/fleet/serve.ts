import process from 'node:process';
import { type ExitCode, WfError } from '../../../engine/model/errors.ts';
import { serveHandlers } from '../../../fleet/restate/serve-handlers.ts';
import { fleetUrl } from '../../arguments/fleet/fleet-url.ts';
import { type Terminal, writeJson, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';
import type { FleetOptions } from './fleet.ts';

const DEFAULT_ADMIN = 'http://127.0.0.1:9070';
const DEFAULT_PORT = 9080;

/** `wf fleet serve`: serves the handlers that Restate calls, until a stop signal. Killing it loses nothing: Restate calls them again. */
export async function serveFleet(given: FleetOptions, _services: Services, terminal: Terminal): Promise<ExitCode> {
  const stopped = new Promise<void>((resolve) => {
    terminal.onStopSignal(() => resolve(), { runsWorkflowCode: false });
    terminal.onHangup(() => resolve());
  });
  const admin = fleetUrl('--admin', given.admin ?? DEFAULT_ADMIN);
  const warn = (line: string) => writeLines(terminal.err, [line]);
  const identityKeys = (given.identityKey ?? []).map(identityKey);
  const address = given.address === undefined ? null : fleetUrl('--address', given.address);
  const asked = { port: given.port ?? DEFAULT_PORT, address, admin, identityKeys, warn };
  const { port, close } = await serveHandlers(asked);
  if (given.json) writeJson(terminal.out, { pid: process.pid, port, address, admin });
  else
    writeLines(terminal.out, [`serving the handlers of fleets on port ${port} of 127.0.0.1, for Restate at ${admin}`]);
  await stopped;
  await close();
  return 0;
}

/** The SDK expects 32 bytes in base 58. */
function identityKey(given: string): string {
  if (/^publickeyv1_[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(given)) return given;
  throw new WfError('E_USAGE', `--identity-key ${given} is not a public key of Restate`, {
    hint: 'Give the `kid` that Restate prints when it starts, such as publickeyv1_2jRGdEnX...',
  });
}
