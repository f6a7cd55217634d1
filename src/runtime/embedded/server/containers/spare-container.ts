import { randomBytes } from 'node:crypto';
import type { Handler } from '../../protocol/peer.ts';
import { type ContainerProcess, startContainerProcess } from './container-process.ts';

const WARM_UP_LIMIT_MS = 5_000;

/**
 * The process of a container that has not been asked for yet. Starting one takes some 50 ms of processor time, which is spent
 * while wf is busy with something else; what is left to do then takes about 10 ms. It has the id that the container will have.
 */
export class Spare {
  readonly #resolveName: (containerId: string) => Handler;
  #starting: Promise<ContainerProcess> | undefined;
  #id = '';

  constructor(resolveName: (containerId: string) => Handler) {
    this.#resolveName = resolveName;
  }

  /** Starts one where there is none. */
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
      // Only where nobody waits for it already.
      if (this.#starting === starting) process.peer.call('warmUp', {}, WARM_UP_LIMIT_MS).catch(() => undefined);
    }, forget);
  }

  /** Gives it away; without one, just an id. */
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
