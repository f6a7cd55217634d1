import type { RunHandle } from './engine.ts';

/** The two ways in which a process releases a run. */
interface Releases {
  /** Releases the host and the claims of a run whose lease the journal has given up. */
  release(): void;
  /** Releases the lease too: this process cannot advance the run any further. */
  releaseWithLease(): void;
}

/** Returns a handle that releases the run before its result settles: with the lease if the result is an error. */
export function releaseAtEnd<Handle extends Pick<RunHandle, 'result'>>(
  handle: Handle,
  { release, releaseWithLease }: Releases,
): Handle {
  const result = handle.result.then(
    (stopped) => {
      release();
      return stopped;
    },
    (thrown: unknown) => {
      releaseWithLease();
      throw thrown;
    },
  );
  result.catch(() => {}); // the caller that awaits the result gets the error
  return { ...handle, result };
}
