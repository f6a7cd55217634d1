import type { Duplex } from 'node:stream';
import { WfError } from '../../../engine/model/errors.ts';
import type { Json } from '../../../engine/model/json.ts';
import { createPeer, type Handler, type Peer } from '../protocol/peer.ts';
import { Commands } from './commands.ts';

/** A connection of one wf process. */
interface Caller {
  readonly peer: Peer;
  readonly commands: Commands;
  /** Its pending calls, except questions, which change nothing. */
  readonly underWay: Set<Promise<unknown>>;
}

/** Time for a dropped caller to receive the notice. */
const NOTICE_LIMIT_MS = 1_000;
const QUESTIONS = new Set(['ask', 'isKept', 'hello']);

/** The connected wf processes. */
export class Callers {
  readonly #callers = new Set<Caller>();
  readonly #calls: Readonly<Record<string, Handler>>;

  constructor(calls: Readonly<Record<string, Handler>>) {
    this.#calls = calls;
  }

  /** Serves a connection until its end, which also ends its commands. */
  serve(connection: Duplex, onGone: () => void = () => undefined): void {
    const commands = new Commands();
    const underWay = new Set<Promise<unknown>>();
    const tracked = Object.entries({
      ...this.#calls,
      run: (asked) => commands.run(asked),
      stopCommand: (asked) => {
        commands.stop(asked);
        return null;
      },
    } satisfies Record<string, Handler>).map(([name, handler]): [string, Handler] => [
      name,
      QUESTIONS.has(name) ? handler : (asked) => note(underWay, handler(asked)),
    ]);
    const peer = createPeer(connection, {
      who: 'wf',
      handlers: { ...Object.fromEntries(tracked), claim: () => this.#claim(caller) },
      gone: () => new WfError('E_INTERNAL', 'wf has ended', { hint: 'No action is needed.' }),
      onGone: () => {
        onGone();
        void commands
          .end()
          .then(() => Promise.allSettled(underWay))
          .finally(() => this.#callers.delete(caller));
      },
    });
    const caller: Caller = { peer, commands, underWay };
    this.#callers.add(caller);
  }

  /** Drops all other callers: ignores their unread requests, kills their commands, and waits for their pending calls. */
  async #claim(claimant: Caller): Promise<null> {
    const others = [...this.#callers].filter((caller) => caller !== claimant);
    await Promise.all(
      others.map(async ({ peer, commands, underWay }) => {
        peer.call('takenOver', {}, NOTICE_LIMIT_MS).catch(() => undefined);
        peer.close();
        await commands.end();
        await Promise.allSettled(underWay);
      }),
    );
    for (const other of others) this.#callers.delete(other);
    return null;
  }
}

function note(underWay: Set<Promise<unknown>>, answer: Json | Promise<Json>): Json | Promise<Json> {
  if (!(answer instanceof Promise)) return answer;
  underWay.add(answer);
  const forget = (): void => void underWay.delete(answer);
  answer.then(forget, forget);
  return answer;
}
