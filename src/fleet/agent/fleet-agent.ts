import { asWfError, type ErrorCode, type WfError } from '../../engine/model/errors.ts';
import { type Clock, pause } from '../../engine/ports/clock.ts';
import type { MailboxTransport } from '../fleet-transport.ts';
import type { HostName } from '../model/ids.ts';
import type { Answer, Item } from '../model/item.ts';
import type { Progress, SessionRequest } from '../model/mailbox.ts';
import { keyFingerprint } from '../secrets/key-fingerprint.ts';
import { carryOut } from './carry-out.ts';
import type { LocalParts } from './local-parts.ts';

/** Delays after an error of the fleet. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 15_000;

/** Errors of the fleet and of the database after which the agent tries again; any other one ends it. */
const PASSING: readonly ErrorCode[] = [
  'E_FLEET_UNREACHABLE',
  'E_MAILBOX_HELD',
  // Runs of this host keep running, and the agent reads a renewed certificate.
  'E_CERTIFICATE',
  'E_FORBIDDEN',
  'E_DATABASE_LOCKED',
  'E_DISK_FULL',
];

/** An act of the agent of a fleet. */
export type FleetAgentNote =
  | { readonly did: 'joined'; readonly host: HostName; readonly keyFingerprint: string | null }
  | { readonly did: 'disconnected'; readonly error: WfError; readonly retryAt: number }
  | { readonly did: 'took'; readonly item: Item }
  | { readonly did: 'replied'; readonly item: Item; readonly answer: Answer };

interface FleetAgentDependencies {
  readonly transport: MailboxTransport;
  readonly host: HostName;
  readonly request: SessionRequest;
  readonly parts: LocalParts;
  readonly clock: Clock;
  /** Names of the workflows that the host permits; null for all. */
  readonly allowed: readonly string[] | null;
  report(note: FleetAgentNote): void;
}

/** The item that is carried out. */
interface Working {
  readonly item: Item;
  stop(): void;
  readonly done: Promise<void>;
}

/**
 * Carries out the items of a mailbox, one after the other, until the signal; parts under way then keep running. Carries out a rollback at
 * once if it replaces the item under way.
 * @throws WfError of the local database
 */
export async function runFleetAgent(given: FleetAgentDependencies, signal: AbortSignal): Promise<void> {
  const { transport, host, request, clock, report } = given;
  const { session } = request;
  let delayMs = 0;
  let reported = '';

  while (!signal.aborted) {
    const connection = new AbortController();
    const ended = AbortSignal.any([signal, connection.signal]);
    let failure: unknown;
    let working: Working | undefined;
    let progress: Progress | null = null;
    try {
      await transport.open(host, request, signal);
      report({ did: 'joined', host, keyFingerprint: keyFingerprint(request.publicKey) });
      reported = '';
      while (!ended.aborted) {
        const current = working?.item.id ?? null;
        const item = await transport.next(host, { session, current, progress }, ended);
        delayMs = 0;
        if (item === 'unchanged' || (item?.id ?? null) === current) continue;
        working?.stop();
        await working?.done;
        progress = null;
        working = item === null ? undefined : begin(item);
      }
    } catch (thrown) {
      failure ??= thrown;
    } finally {
      connection.abort();
      working?.stop();
      await working?.done;
    }
    if (signal.aborted) return;
    const error = asWfError(failure);
    if (!PASSING.includes(error.code)) throw error;
    delayMs = Math.min(LONGEST_DELAY_MS, Math.max(FIRST_DELAY_MS, 2 * delayMs));
    if (reported !== error.message) report({ did: 'disconnected', error, retryAt: clock.now() + delayMs });
    reported = error.message;
    await pause(clock, delayMs, signal);

    function begin(item: Item): Working {
      report({ did: 'took', item });
      const stop = new AbortController();
      const stopped = AbortSignal.any([ended, stop.signal]);
      const setProgress = (news: Progress) => {
        progress = news;
      };
      const confirm = (until: AbortSignal) => transport.confirm(host, { session, item: item.id }, until);
      const done = carryOut(item, { ...given, progress: setProgress, confirm }, stopped)
        .then(async (answer) => {
          await transport.answer(host, { session, item: item.id, answer }, stopped);
          report({ did: 'replied', item, answer });
        })
        .catch((thrown: unknown) => {
          if (stopped.aborted) return;
          failure ??= thrown;
          connection.abort();
        });
      return { item, stop: () => stop.abort(), done };
    }
  }
}
