import { randomBytes } from 'node:crypto';
import type { Handler } from '../../protocol/peer.ts';
import { type ContainerProcess, startContainerProcess } from './container-process.ts';

const WARM_UP_LIMIT_MS = 5_000;

/**
 * The process of a container that is not created yet. Its start takes some 50 ms of processor time, while wf still fingerprints the host;
 * the container then starts in about 10 ms.
 */
export class Spare {
  readonly #resolveName: (containerId: string) => Handler;
  #starting: Promise<ContainerProcess> | undefined;
  /** The id that the container will have. */
  #id = '';

  constructor(resolveName: (containerId: string) => Handler) {
    this.#resolveName = resolveName;
  }

  /** Starts a spare process if there is none. */
  provide(): void {
    if (this.#starting !== undefined) return;
    this.#id = newObjectId();
    const starting = startContainerProcess(this.#id, this.#resolveName(this.#id));
    this.#starting = starting;
    const forget = (): void => {
      if (this.#starting === starting) this.#starting = undefined;
    };
    starting.then((process) => {
      void process.ended.then(forget);
      // No container waits for it yet.
      if (this.#starting === starting) process.peer.call('warmUp', {}, WARM_UP_LIMIT_MS).catch(() => undefined);
    }, forget);
  }

  /** Returns the spare if there is one, otherwise only an id. */
  take(): { readonly id: string; readonly starting: Promise<ContainerProcess> | undefined } {
    const starting = this.#starting;
    if (starting === undefined) return { id: newObjectId(), starting };
    this.#starting = undefined;
    return { id: this.#id, starting };
  }
}

function newObjectId(): string {
  return randomBytes(32).toString('hex');
}
