import { randomBytes } from 'node:crypto';
import type { Handler } from '../../protocol/peer.ts';
import { type ContainerProcess, startContainerProcess } from './container-process.ts';

/** Enough for the lab. One takes some 50 MB until it is taken, or the private host ends. */
const COUNT = 3;
const WARM_UP_LIMIT_MS = 5_000;

interface Spare {
  /** The id that its container will have. */
  readonly id: string;
  readonly starting: Promise<ContainerProcess>;
}

/**
 * Processes for containers that have not been created yet. A process takes some 50 ms of processor time to start: wf is still loading the
 * workflow then. A container that gets one of these starts in about 10 ms.
 */
export class SpareContainers {
  readonly #resolveName: (containerId: string) => Handler;
  #spares: readonly Spare[] = [];

  constructor(resolveName: (containerId: string) => Handler) {
    this.#resolveName = resolveName;
  }

  /** Starts them one after the other. Resolves when all have started, or one could not. */
  async provide(): Promise<void> {
    for (let count = 0; count < COUNT; count += 1) {
      const id = newObjectId();
      const spare = { id, starting: startContainerProcess(id, this.#resolveName(id)) };
      this.#spares = [...this.#spares, spare];
      try {
        const process = await spare.starting;
        void process.ended.then(() => this.#forget(spare));
        if (this.#spares.includes(spare)) await process.peer.call('warmUp', {}, WARM_UP_LIMIT_MS);
      } catch {
        // Its container, if it has one by now, reports the error.
        this.#forget(spare);
        return;
      }
    }
  }

  /** Returns a spare if there is one, else an id alone. */
  take(): { readonly id: string; readonly starting: Promise<ContainerProcess> | undefined } {
    const [spare, ...others] = this.#spares;
    if (spare === undefined) return { id: newObjectId(), starting: undefined };
    this.#spares = others;
    return spare;
  }

  #forget(spare: Spare): void {
    this.#spares = this.#spares.filter((other) => other !== spare);
  }
}

function newObjectId(): string {
  return randomBytes(32).toString('hex');
}
