import type { RunHandle } from './engine.ts';

/** The two ways in which a process releases a run. */
interface Ways {
  /** Releases a run whose lease the journal has given up already. */
  release(): void;
  /** Releases a run whose lease this process still holds, since it cannot be advanced any further. */
  releaseWithLease(): void;
}

/** Returns a handle that releases the run, in the way that its result asks for, before the result comes. Nobody has to await that. */
export function releaseAtEnd<Handle extends Pick<RunHandle, 'result'>>(
  handle: Handle,
  { release, releaseWithLease }: Ways,
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
