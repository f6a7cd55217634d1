import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import type { WfError } from '../engine/model/errors.ts';
import { tracesError } from './traces-error.ts';

/** An exporter that reports the first of several failures in a row. */
export interface ReportingExporter extends SpanExporter {
  /** The number of spans that it was given. */
  readonly given: number;
  forceFlush(): Promise<void>;
  /** Reports that spans were lost. */
  lost(why: string): void;
}

export function reportingExporter(exporter: SpanExporter, report: (error: WfError) => void): ReportingExporter {
  let isFailing = false;
  let given = 0;
  const lost = (why: string, cause?: unknown) => {
    if (!isFailing) report(tracesError(why, 'Check OTEL_EXPORTER_OTLP_ENDPOINT and the collector.', cause));
    isFailing = true;
  };
  return {
    get given() {
      return given;
    },
    export(spans, done) {
      given += spans.length;
      exporter.export(spans, (result) => {
        if (result.error === undefined) isFailing = false;
        else lost(`the collector did not take them: ${result.error.message || result.error.name}`, result.error);
        done(result);
      });
    },
    forceFlush: async () => exporter.forceFlush?.(),
    shutdown: () => exporter.shutdown(),
    lost,
  };
}
