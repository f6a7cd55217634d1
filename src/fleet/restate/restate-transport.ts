import type { z } from 'zod';
import { WfError } from '../../engine/model/errors.ts';
import { type Clock, pause } from '../../engine/ports/clock.ts';
import type { Connection } from '../../host/http/http-client.ts';
import type { FleetTransport, HostState } from '../fleet-transport.ts';
import type { FleetHead, FleetRun } from '../model/fleet-run.ts';
import type { FleetId, HostName } from '../model/ids.ts';
import { NO_TLS_FILES, type TlsFiles } from '../tls/credentials.ts';
import { ingressClient } from './ingress-client.ts';
import {
  acceptedSchema,
  confirmedSchema,
  DIRECTORY_KEY,
  DIRECTORY_OBJECT,
  FLEET_OBJECT,
  fleetHeadResultSchema,
  fleetResultSchema,
  HOST_OBJECT,
  headSchema,
  hostNamesSchema,
  mailboxStateSchema,
  openedSchema,
  POLL_MS,
  summariesSchema,
  takenSchema,
  writtenOffSchema,
} from './messages.ts';
import { reasonOf } from './reason-of.ts';

/** The time for an answer of the ingress, in milliseconds; a long poll has `POLL_MS` more. */
const ANSWER_MS = 15_000;
/** Delays between two checks of a fleet run that is followed. */
const FIRST_CHECK_MS = 200;
const LAST_CHECK_MS = 1_000;
/** Hosts whose mailboxes are read at the same time. */
const READ_AT_ONCE = 20;

interface Call<Schema extends z.ZodType> {
  readonly to: readonly [object: string, key: string, handler: string];
  readonly body?: unknown;
  readonly returns: Schema;
  readonly waitMs?: number;
  readonly connection?: Connection;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reaches mailboxes and fleet runs through the ingress of Restate.
 * @param url such as `http://127.0.0.1:8080`
 * @param tls files for the proxy in front of it, if `url` is its address with https
 */
export function restateTransport(url: string, clock: Clock, tls: TlsFiles = NO_TLS_FILES): FleetTransport {
  const client = ingressClient(url, tls);

  async function call<Schema extends z.ZodType>(given: Call<Schema>): Promise<z.output<Schema>> {
    const { to, body, returns, waitMs = 0, connection = 'kept', signal } = given;
    const limit = new AbortController();
    const cancel = clock.after(ANSWER_MS + waitMs, () => limit.abort(), true);
    try {
      const { status, text } = await client.post(
        to.map(encodeURIComponent).join('/'),
        body === undefined ? undefined : JSON.stringify(body),
        signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]),
        connection,
      );
      if (status !== 200) throw failed(url, status, text);
      return parsed(url, returns, text);
    } catch (thrown) {
      if (signal?.aborted === true) throw signal.reason;
      if (thrown instanceof WfError) throw thrown;
      throw limit.signal.aborted ? silent(url, ANSWER_MS + waitMs) : unreachable(url, thrown);
    } finally {
      cancel();
    }
  }

  const head = async (id: FleetId, signal?: AbortSignal): Promise<FleetHead> => {
    const found = await call({ to: [FLEET_OBJECT, id, 'head'], returns: fleetHeadResultSchema, signal });
    if (found.type === 'unknown') throw notFound(id);
    return found.head;
  };

  async function show(id: FleetId, signal?: AbortSignal): Promise<FleetRun> {
    const found = await call({ to: [FLEET_OBJECT, id, 'show'], returns: fleetResultSchema, signal });
    if (found.type === 'unknown') throw notFound(id);
    return found.fleet;
  }

  /** Makes a request to a fleet run, and returns the fleet run. */
  async function ask(id: FleetId, handler: 'start' | 'demand', body: unknown): Promise<FleetRun> {
    const answer = await call({ to: [FLEET_OBJECT, id, handler], body, returns: acceptedSchema });
    switch (answer.type) {
      case 'accepted':
        return show(id);
      case 'unknown':
        throw notFound(id);
      case 'exists':
        throw new WfError('E_FLEET_EXISTS', `fleet run ${id} already exists, and was started with another request`, {
          hint: `Choose another --id, or inspect it with \`wf fleet show ${id}\`.`,
        });
      case 'refused':
        throw new WfError('E_REQUEST_REFUSED', `fleet run ${id}: ${answer.why}`, {
          hint: `Inspect it with \`wf fleet show ${id}\`.`,
        });
    }
  }

  const hostNames = () => call({ to: [DIRECTORY_OBJECT, DIRECTORY_KEY, 'hosts'], returns: hostNamesSchema });

  async function hostState(host: HostName): Promise<HostState | undefined> {
    const found = await call({ to: [HOST_OBJECT, host, 'show'], returns: mailboxStateSchema });
    if (found.type === 'unknown') return undefined;
    const { items, session, seenAt, writtenOff, progress } = found.mailbox;
    return { host, session, seenAt, writtenOff, progress, items: items.length };
  }

  return {
    async open(host, request, signal) {
      const opened = await call({ to: [HOST_OBJECT, host, 'open'], body: request, returns: openedSchema, signal });
      if (opened.type === 'held') throw held(host);
    },
    async next(host, given, signal) {
      const found = await call({
        to: [HOST_OBJECT, host, 'next'],
        body: given,
        returns: headSchema,
        waitMs: POLL_MS,
        signal,
      });
      switch (found.type) {
        case 'head':
          return found.item;
        case 'held':
          throw held(host);
        case 'parked':
        case 'unchanged':
          return 'unchanged';
      }
    },
    async confirm(host, given, signal) {
      const { type } = await call({
        to: [HOST_OBJECT, host, 'confirm'],
        body: given,
        returns: confirmedSchema,
        connection: 'new',
        signal,
      });
      if (type === 'held') throw held(host);
      return type === 'confirmed';
    },
    async answer(host, given, signal) {
      const { type } = await call({ to: [HOST_OBJECT, host, 'answer'], body: given, returns: takenSchema, signal });
      if (type === 'held') throw held(host);
    },
    start: (request, sealed = {}) => ask(request.id, 'start', { request, sealed }),
    show,
    async follow(id, after, signal) {
      const startedAt = clock.now();
      for (let delayMs = FIRST_CHECK_MS; ; delayMs = Math.min(LAST_CHECK_MS, 2 * delayMs)) {
        await pause(clock, delayMs, signal);
        const found = await head(id, signal);
        if (found.version > after || clock.now() - startedAt > POLL_MS) return found;
      }
    },
    demand: (id, demand) => ask(id, 'demand', demand),
    fleets: () => call({ to: [DIRECTORY_OBJECT, DIRECTORY_KEY, 'fleets'], returns: summariesSchema }),
    hostNames,
    async hosts() {
      const names = await hostNames();
      const states: HostState[] = [];
      for (let begin = 0; begin < names.length; begin += READ_AT_ONCE) {
        const some = await Promise.all(names.slice(begin, begin + READ_AT_ONCE).map(hostState));
        states.push(...some.filter((state) => state !== undefined));
      }
      return states;
    },
    async writeOff(host, given) {
      const done = await call({ to: [HOST_OBJECT, host, 'writeOff'], body: given, returns: writtenOffSchema });
      if (done.type === 'written-off') return done.fleets;
      throw new WfError('E_HOST_NOT_FOUND', `no agent of a host ${host} has been heard`, {
        hint: 'List the hosts with `wf fleet hosts`.',
      });
    },
  };
}

function parsed<Schema extends z.ZodType>(url: string, schema: Schema, text: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (thrown) {
    throw new WfError('E_FLEET_UNREACHABLE', `${url} has sent an answer that this version of wf does not understand`, {
      hint: 'Check that it is the ingress of Restate, and that `wf fleet serve` there runs the same version of wf.',
      cause: thrown,
    });
  }
}

function failed(url: string, status: number, text: string): WfError {
  // A proxy sends pages, Restate does not.
  const isOfProxy = text.trimStart().startsWith('<');
  const why = isOfProxy ? '' : `: ${text.slice(0, 300)}`;
  return new WfError('E_FLEET_UNREACHABLE', `${url} has answered with HTTP ${status}${why}`, {
    hint: isOfProxy
      ? 'Check that Restate runs behind this proxy. It may still carry the request out: check with `wf fleet show`.'
      : status === 404
        ? 'Start the handlers of the fleet with `wf fleet serve`.'
        : 'Check the output of `wf fleet serve` and of Restate.',
    transient: status >= 500 || status === 404,
  });
}

function silent(url: string, waitedMs: number): WfError {
  return new WfError('E_FLEET_UNREACHABLE', `${url} has not answered within ${waitedMs / 1_000} s`, {
    hint: 'It may still carry the request out. Check that `wf fleet serve` runs, then inspect the fleet run with `wf fleet show`.',
    transient: true,
  });
}

function unreachable(url: string, thrown: unknown): WfError {
  return new WfError('E_FLEET_UNREACHABLE', `${url} cannot be reached: ${reasonOf(thrown)}`, {
    hint: 'Check the address, and that Restate runs there.',
    transient: true,
    cause: thrown,
  });
}

function notFound(id: FleetId): WfError {
  return new WfError('E_FLEET_NOT_FOUND', `there is no fleet run ${id}`, {
    hint: 'List the fleet runs with `wf fleet runs`.',
  });
}

function held(host: HostName): WfError {
  return new WfError('E_MAILBOX_HELD', `another agent has the mailbox of host ${host}`, {
    hint: 'Give each host its own --name. A cloned host needs another name; a lost agent is displaced after 45 s.',
  });
}
