/** The value of an attribute; undefined leaves the attribute out. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span of the trace of a run that has ended. Times are in milliseconds since the epoch. */
export interface RunSpan {
  /** Eight bytes in hex. */
  readonly id: string;
  /** Null for the root. */
  readonly parent: string | null;
  readonly name: string;
  readonly kind: 'server' | 'internal';
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  /** Ids of related spans of the same trace. */
  readonly links: readonly string[];
  /** Null unless it ended with an error. */
  readonly error: SpanError | null;
  /** The process in whose turn it ended. */
  readonly pid: number;
}

/** Returns the times of a span. Its duration is 0 if the clock was set back meanwhile. */
export function lasting(startedAt: number, endedAt: number): Pick<RunSpan, 'startedAt' | 'endedAt'> {
  return { startedAt, endedAt: Math.max(startedAt, endedAt) };
}

export interface SpanEvent {
  readonly name: string;
  readonly at: number;
  readonly attributes: Attributes;
}

export interface SpanError {
  /** A code of wf; the attribute `error.type`. */
  readonly type: string;
  /** The description of the span's status. */
  readonly message: string;
}
