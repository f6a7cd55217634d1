import { WfError } from '../engine/model/errors.ts';
import type { RunHeader } from '../engine/model/journal-event.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { FollowedRun, RunFollower } from '../engine/run/engine.ts';
import type { TracedProcess } from './span-sender.ts';
import { type TraceSettings, traceSettings } from './trace-settings.ts';
import { tracesError } from './traces-error.ts';

/** The traces of the runs that this process advances. */
export interface Traces {
  /** Follows a run. @param header the facts with which it was created */
  followRun(run: FollowedRun, header: RunHeader): RunFollower | undefined;
  /** Sends what is left, for a bounded time. Never rejects. */
  flush(): Promise<void>;
}

export interface TracesOptions extends TracedProcess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Receives the error if the environment asks for traces and they cannot be exported. */
  report(error: WfError): void;
}

/** Opens the export of traces. Resolves to undefined, and loads nothing, unless the environment asks for them. Never rejects. */
export async function openTraces(options: TracesOptions): Promise<Traces | undefined> {
  const settings = traceSettings(options.env);
  switch (settings.type) {
    case 'off':
      return undefined;
    case 'unsupported':
      options.report(
        tracesError(settings.why, 'Correct the variable, or switch traces off with OTEL_SDK_DISABLED=true.'),
      );
      return undefined;
    case 'otlp':
      try {
        return await loadTraces(settings, options);
      } catch (thrown) {
        options.report(thrown instanceof WfError ? thrown : loadError(thrown));
        return undefined;
      }
  }
}

async function loadTraces(
  { protocol, flushMs }: Extract<TraceSettings, { type: 'otlp' }>,
  { clock, report, version, host }: TracesOptions,
): Promise<Traces> {
  const [{ loadSdk }, { createSpanSender }, { followTracedRun }] = await Promise.all([
    import('./load-sdk.ts'),
    import('./span-sender.ts'),
    import('./follow-traced-run.ts'),
  ]);
  const sender = createSpanSender(await loadSdk(protocol), { version, host, flushMs, clock, report });
  return { followRun: (run, header) => followTracedRun(run, header, sender), flush: () => sender.flush() };
}

function loadError(thrown: unknown): WfError {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return tracesError(`the packages of OpenTelemetry cannot be loaded: ${why}`, 'Install them again.', thrown);
}
