import type { Duplex } from 'node:stream';
import { asWfError, isErrorCode, WfError } from '../../../engine/model/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../../engine/model/json.ts';
import { limitText } from '../../../engine/model/time-limit.ts';
import { systemClock } from '../../../host/machine/clock.ts';

/** Handles one kind of call. The caller receives its exceptions. */
export type Handler = (asked: JsonObject) => Json | Promise<Json>;

/** The other end of a connection: each end may call the other. */
export interface Peer {
  /**
   * Calls the other end and waits at most `limitMs` for its answer.
   * @throws WfError of the other end; E_DOCKER without an answer in time; the error of `gone` after its end.
   */
  call(name: string, asked: JsonObject, limitMs: number): Promise<Json>;
  isGone(): boolean;
  close(): void;
}

interface PeerOptions {
  /** Name of the other end in messages. */
  readonly who: string;
  readonly handlers: Readonly<Record<string, Handler>>;
  /** Returns the error of calls after its end. */
  gone(): WfError;
  onGone?(): void;
  /** Called when the first wait for an answer begins, and when the last one ends. */
  onWaiting?(waiting: boolean): void;
}

interface Waiting {
  resolve(answer: Json): void;
  reject(error: WfError): void;
}

/** Longest line: fits the complete stored output of a command that reads the largest tables. */
const MAX_LINE = 256 * 1024 * 1024;

/** Makes calls in both directions over one connection, one JSON document per line. */
export function createPeer(stream: Duplex, options: PeerOptions): Peer {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  let gone = false;
  const send = (message: JsonObject): void => {
    if (!gone) stream.write(`${JSON.stringify(message)}\n`);
  };
  const settle = (id: number): Waiting | undefined => {
    const caller = waiting.get(id);
    if (waiting.delete(id) && waiting.size === 0) options.onWaiting?.(false);
    return caller;
  };
  const end = (): void => {
    if (gone) return;
    gone = true;
    stream.destroy();
    for (const { reject } of waiting.values()) reject(options.gone());
    waiting.clear();
    options.onGone?.();
  };
  const answer = async (id: number, name: string, asked: JsonObject): Promise<void> => {
    try {
      const handler = Object.hasOwn(options.handlers, name) ? options.handlers[name] : undefined;
      if (handler === undefined) throw unknownCall(options.who, name);
      send({ id, answer: await handler(asked) });
    } catch (thrown) {
      send({ id, error: errorMessage(thrown) });
    }
  };
  const take = (line: string): void => {
    const message = messageIn(line);
    const id = message?.['id'];
    if (message === undefined || typeof id !== 'number') {
      end();
      return;
    }
    const name = message['call'];
    if (typeof name === 'string') {
      const asked = message['asked'];
      void answer(id, name, isJsonObject(asked) ? asked : {});
      return;
    }
    const caller = settle(id);
    if (message['error'] === undefined) caller?.resolve(message['answer'] ?? null);
    else caller?.reject(errorOf(message['error'], options.who));
  };

  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
    if (rest.length > MAX_LINE) end();
  });
  stream.on('end', end);
  stream.on('close', end);
  stream.on('error', end);
  options.onWaiting?.(false);

  return {
    isGone: () => gone,
    close: end,
    call(name, asked, limitMs) {
      if (gone) return Promise.reject(options.gone());
      last += 1;
      const id = last;
      return new Promise((resolve, reject) => {
        const cancel = systemClock.after(limitMs, () => {
          settle(id);
          reject(silent(options.who, name, limitMs));
        });
        if (waiting.size === 0) options.onWaiting?.(true);
        waiting.set(id, {
          resolve: (result) => {
            cancel();
            resolve(result);
          },
          reject: (error) => {
            cancel();
            reject(error);
          },
        });
        send({ id, call: name, asked });
      });
    },
  };
}

function messageIn(line: string): JsonObject | undefined {
  try {
    const message = parseJson(line);
    return isJsonObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

function errorMessage(thrown: unknown): JsonObject {
  const { code, message, hint, details, transient } = asWfError(thrown);
  return { code, message, hint, details, transient };
}

function errorOf(error: Json | undefined, who: string): WfError {
  const record = isJsonObject(error) ? error : {};
  const { code, message, hint, details, transient } = record;
  return new WfError(
    typeof code === 'string' && isErrorCode(code) ? code : 'E_DOCKER',
    typeof message === 'string' ? message : `${who} refused without a reason`,
    {
      hint: typeof hint === 'string' ? hint : 'Report this defect of wf.',
      transient: transient === true,
      details: isJsonObject(details) ? details : {},
    },
  );
}

function unknownCall(who: string, name: string): WfError {
  return new WfError('E_DOCKER', `${who} called ${name}, which is unknown here`, {
    hint: 'Use the version of wf that started it.',
  });
}

function silent(who: string, name: string, limitMs: number): WfError {
  return new WfError('E_DOCKER', `${who} did not answer ${name} within ${limitText(limitMs)}`, {
    hint: 'Check with `ps` whether the machine is overloaded or the process was stopped (SIGSTOP), then try again.',
    transient: true,
  });
}
