import { type ErrorCode, limitReached, WfError } from '../engine/model/errors.ts';
import type { JsonObject } from '../engine/model/json.ts';
import { errnoOf } from '../host/machine/errno.ts';

/** How a call to the engine failed, by what may be done about it. */
export type Failure =
  /** The request never reached an engine. */
  | { readonly type: 'unreachable'; readonly reason: string }
  | { readonly type: 'forbidden'; readonly reason: string }
  /** Whoever answered is no engine: it does not speak its protocol, or not so that it can be trusted. */
  | { readonly type: 'strange'; readonly reason: string }
  /** The connection was lost on the way: whether the engine did it is not known. */
  | { readonly type: 'lost'; readonly reason: string }
  /** The engine answered, and said no. */
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

/** What dockerode threw, told apart; undefined when it is not about the engine but a limit of this process, or a defect. */
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

/** The engine's own words: dockerode wraps them as `(HTTP code 409) conflict - WORDS `. */
function engineMessage(thrown: Error): string {
  if ('json' in thrown && typeof thrown.json === 'object' && thrown.json !== null && 'message' in thrown.json) {
    const { message } = thrown.json;
    if (typeof message === 'string') return message.trim();
  }
  return thrown.message.replace(/^\(HTTP code \d+\) .*? - /, '').trim();
}

/** `doing` says what was attempted, e.g. `create network devops`; `where` is the endpoint's description. */
export function engineError(failure: Failure, doing: string, where: string, cause: unknown): WfError {
  switch (failure.type) {
    case 'unreachable':
      return new WfError('E_DOCKER_UNREACHABLE', `no Docker engine answers at ${where} (${failure.reason})`, {
        hint: unreachableHint(where),
        cause,
      });
    case 'strange':
      return new WfError('E_DOCKER_UNREACHABLE', `what answers at ${where} is no Docker engine (${failure.reason})`, {
        hint: 'Look who listens there (`ss -lxp`, `ss -ltp`), or correct where wf looks for the engine (DOCKER_HOST, DOCKER_CONTEXT).',
        cause,
      });
    case 'forbidden':
      return new WfError(
        'E_PERMISSION',
        `this user may not speak to the Docker engine at ${where} (${failure.reason})`,
        {
          hint: 'Run wf as root, or add your user to the group docker (`sudo usermod -aG docker "$USER"`) and log in again.',
          cause,
        },
      );
    case 'lost':
      return new WfError(
        'E_DOCKER',
        `cannot ${doing}: the connection to the Docker engine was lost (${failure.reason})`,
        {
          hint: 'The engine may be restarting: look at `systemctl status docker`, then resume the run.',
          transient: true,
          cause,
        },
      );
    case 'refused':
      return refusal(failure, doing, cause);
  }
}

function unreachableHint(where: string): string {
  if (!where.endsWith('(default)'))
    return 'Start that engine, or correct where wf looks for it (DOCKER_HOST, DOCKER_CONTEXT).';
  return 'Start it with `systemctl start docker`; where there is none, `apt-get install docker.io`. DOCKER_HOST points to another one.';
}

interface Refusal {
  readonly matches: RegExp;
  readonly code: ErrorCode;
  readonly hint: string;
}

// By the engine's words: its status codes for these changed between versions.
const REFUSALS: readonly Refusal[] = [
  {
    matches: /pool overlaps|non-overlapping IPv4 address pool|predefined address pools have been fully subnetted/i,
    code: 'E_SUBNET_IN_USE',
    hint: 'Look at `docker network ls` and `ip route`, then choose a free subnet, or remove a network that is not used.',
  },
  {
    matches: /is already in use by container|network with name .* already exists/i,
    code: 'E_NAME_IN_USE',
    hint: 'Look at `docker ps --all` and `docker network ls`; choose another name or prefix, or remove what has it.',
  },
  {
    matches: /^no such image|pull access denied|manifest unknown|manifest for .* not found/i,
    code: 'E_IMAGE_UNAVAILABLE',
    hint: 'Pull the image with `docker pull`, or choose one that `docker images` lists.',
  },
  {
    matches: /container \S+ is using its referenced image|image is being used by \w+ container/i,
    code: 'E_DOCKER',
    hint: 'The container that is named needs it: leave the image, or remove that container first.',
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
    hint: 'Look at the log of the Docker engine (`journalctl --unit docker`), then try again.',
    transient: failure.status >= 500,
    details,
    cause,
  });
}
