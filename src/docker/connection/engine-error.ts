import { type ErrorCode, limitReached, WfError } from '../../engine/model/errors.ts';
import type { JsonObject } from '../../engine/model/json.ts';
import { errnoOf } from '../../host/machine/errno.ts';

/** Failure of a call to the engine; each type allows another reaction. */
export type Failure =
  /** The request never reached an engine. */
  | { readonly type: 'unreachable'; readonly reason: string }
  | { readonly type: 'forbidden'; readonly reason: string }
  /** The peer is not an engine: it does not speak the protocol, or answers implausibly. */
  | { readonly type: 'strange'; readonly reason: string }
  /** The connection was lost during the call: its effect is unknown. */
  | { readonly type: 'lost'; readonly reason: string }
  /** The engine answered with a refusal. */
  | { readonly type: 'refused'; readonly status: number; readonly reason: string };

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOTSOCK',
]);
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ABORT_ERR']);

/** Classifies an error of dockerode; undefined if it is a limit of this process, or a defect. */
export function failureOf(thrown: unknown): Failure | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const status = 'statusCode' in thrown ? thrown.statusCode : undefined;
  if (typeof status === 'number') return { type: 'refused', status, reason: engineMessage(thrown) };
  const code = errnoOf(thrown);
  if (code === undefined) return undefined;
  if (UNREACHABLE.has(code)) return { type: 'unreachable', reason: code };
  if (code === 'EACCES' || code === 'EPERM') return { type: 'forbidden', reason: code };
  if (LOST.has(code)) return { type: 'lost', reason: thrown.message };
  if (limitReached(thrown.message) !== undefined) return undefined;
  return { type: 'strange', reason: thrown.message };
}

/** Returns the message of the engine itself: dockerode wraps it as `(HTTP code 409) conflict - WORDS `. */
function engineMessage(thrown: Error): string {
  if ('json' in thrown && typeof thrown.json === 'object' && thrown.json !== null && 'message' in thrown.json) {
    const { message } = thrown.json;
    if (typeof message === 'string') return message.trim();
  }
  return thrown.message.replace(/^\(HTTP code \d+\) .*? - /, '').trim();
}

/** Returns the WfError for a failure. `doing` is the attempted action, such as `create network devops`; `where` describes the endpoint. */
export function engineError(failure: Failure, doing: string, where: string, cause: unknown): WfError {
  switch (failure.type) {
    case 'unreachable':
      return new WfError('E_DOCKER_UNREACHABLE', `no Docker engine answers at ${where} (${failure.reason})`, {
        hint: unreachableHint(where),
        cause,
      });
    case 'strange':
      return new WfError('E_DOCKER_UNREACHABLE', `the server at ${where} is not a Docker engine (${failure.reason})`, {
        hint: 'Find the listening process with `ss -lxp` or `ss -ltp`, or correct DOCKER_HOST or DOCKER_CONTEXT.',
        cause,
      });
    case 'forbidden':
      return new WfError('E_PERMISSION', `this user may not use the Docker engine at ${where} (${failure.reason})`, {
        hint: 'Run wf as root, or add your user to the group docker (`sudo usermod -aG docker "$USER"`) and log in again.',
        cause,
      });
    case 'lost':
      return new WfError(
        'E_DOCKER',
        `cannot ${doing}: the connection to the Docker engine was lost (${failure.reason})`,
        {
          hint: 'The engine may be restarting: check `systemctl status docker`, then resume the run.',
          transient: true,
          cause,
        },
      );
    case 'refused':
      return refusal(failure, doing, cause);
  }
}

function unreachableHint(where: string): string {
  if (/ \(host \S+\)$/.test(where))
    return 'Start that engine, or correct the address that the input has for this host.';
  if (!where.endsWith('(default)')) return 'Start that engine, or correct DOCKER_HOST or DOCKER_CONTEXT.';
  return 'Start it with `systemctl start docker`, install it with `apt-get install docker.io`, or set DOCKER_HOST to another engine.';
}

interface Refusal {
  readonly matches: RegExp;
  readonly code: ErrorCode;
  readonly hint: string;
}

// Matches messages of the engine: its status codes for these refusals differ between versions.
const REFUSALS: readonly Refusal[] = [
  {
    matches: /pool overlaps|non-overlapping IPv4 address pool|predefined address pools have been fully subnetted/i,
    code: 'E_SUBNET_IN_USE',
    hint: 'Choose a free subnet, or remove an unused network: check `docker network ls` and `ip route`.',
  },
  {
    matches: /is already in use by container|network with name .* already exists/i,
    code: 'E_NAME_IN_USE',
    hint: 'Choose another name or prefix, or remove the object that has the name: check `docker ps --all` and `docker network ls`.',
  },
  {
    matches:
      /port is already allocated|failed to bind (?:host )?port|bind: address already in use|^address already in use/i,
    code: 'E_ADDRESS_IN_USE',
    hint: 'Choose another port or address, or free it: check `docker ps`, `ss -ltnup` and `docker network inspect`.',
  },
  {
    matches: /^no such image|pull access denied|manifest unknown|manifest for .* not found/i,
    code: 'E_IMAGE_UNAVAILABLE',
    hint: 'Pull the image with `docker pull`, or choose one that `docker images` lists.',
  },
  {
    matches: /container \S+ is using its referenced image|image is being used by \w+ container/i,
    code: 'E_DOCKER',
    hint: 'Keep the image, or first remove the container that uses it.',
  },
];

function refusal(failure: Failure & { readonly type: 'refused' }, doing: string, cause: unknown): WfError {
  const details: JsonObject = { status: failure.status };
  const message = `cannot ${doing}: ${failure.reason}`;
  for (const known of REFUSALS) {
    if (known.matches.test(failure.reason))
      return new WfError(known.code, message, { hint: known.hint, details, cause });
  }
  return new WfError('E_DOCKER', message, {
    hint: 'Check the log of the Docker engine (`journalctl --unit docker`), then try again.',
    transient: failure.status >= 500,
    details,
    cause,
  });
}
