import type { Attributes as SdkAttributes } from '@opentelemetry/api';
import type { WfError } from '../engine/model/errors.ts';
import type { RunHeader } from '../engine/model/journal-event.ts';
import { type Clock, pause } from '../engine/ports/clock.ts';
import type { TraceSdk } from './load-sdk.ts';
import { reportingExporter } from './reporting-exporter.ts';
import { rootAttributes, rootName } from './run-spans.ts';
import type { Attributes, RunSpan } from './span.ts';
import type { SpanIds } from './span-ids.ts';

/** Facts about this process for the resource of its spans. */
export interface TracedProcess {
  readonly version: string;
  readonly host: string;
}

interface SpanSenderOptions extends TracedProcess {
  /** The longest time, in milliseconds, for which `flush` waits. */
  readonly flushMs: number;
  readonly clock: Clock;
  report(error: WfError): void;
}

/** Sends spans to the collector, in batches, in the background. */
export interface SpanSender {
  /** Returns a function that sends spans of a run; undefined if the sampler drops its trace. */
  ofRun(header: RunHeader, ids: SpanIds): ((spans: readonly RunSpan[]) => void) | undefined;
  /** Sends all that is left, for a bounded time. Never rejects. */
  flush(): Promise<void>;
}

/** The semantic conventions that the attributes follow. */
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

export function createSpanSender(
  { api, resources, trace, OTLPTraceExporter }: TraceSdk,
  { version, host, flushMs, clock, report }: SpanSenderOptions,
): SpanSender {
  const exporter = reportingExporter(new OTLPTraceExporter(), report);
  const processor = new trace.BatchSpanProcessor(exporter);
  const resource = resources
    .defaultResource()
    .merge(resources.resourceFromAttributes({ 'service.name': 'wf', 'service.version': version, 'host.name': host }))
    .merge(resources.detectResources({ detectors: [resources.envDetector] }));
  const kinds = { server: api.SpanKind.SERVER, internal: api.SpanKind.INTERNAL };
  /** The number of spans that were ended. */
  let ended = 0;

  /** The conventions put the facts about a run into the resource; so each run, and each process of it, has its own. */
  function tracerOf({ id, workflow }: RunHeader, pid: number, ids: { readonly trace: string; span: string }) {
    const ofRun = { 'cicd.pipeline.name': workflow, 'cicd.pipeline.run.id': id, 'process.pid': pid };
    const provider = new trace.BasicTracerProvider({
      resource: resource.merge(resources.resourceFromAttributes(ofRun)),
      spanProcessors: [processor],
      idGenerator: { generateTraceId: () => ids.trace, generateSpanId: () => ids.span },
    });
    return provider.getTracer('wf', version, { schemaUrl: SCHEMA_URL });
  }

  return {
    ofRun(header, { trace: traceId, root }) {
      const next = { trace: traceId, span: root };
      let pid = process.pid;
      let tracer = tracerOf(header, pid, next);
      // The sampler decides on the trace by its root. This span is never ended, and so never sent.
      const sampled = tracer.startSpan(
        rootName(header.workflow),
        { kind: kinds.server, attributes: withValue(rootAttributes(header)) },
        api.ROOT_CONTEXT,
      );
      if (!sampled.isRecording()) return undefined;
      const { traceFlags } = sampled.spanContext();
      const contextOf = (spanId: string) => ({ traceId, spanId, traceFlags });

      function send(span: RunSpan): void {
        if (span.pid !== pid) {
          pid = span.pid;
          tracer = tracerOf(header, pid, next);
        }
        next.span = span.id;
        const parent =
          span.parent === null ? api.ROOT_CONTEXT : api.trace.setSpanContext(api.ROOT_CONTEXT, contextOf(span.parent));
        const options = {
          kind: kinds[span.kind],
          attributes: withValue(span.attributes),
          links: span.links.map((id) => ({ context: contextOf(id) })),
          // The SDK may take a number for a time since the start of this process.
          startTime: new Date(span.startedAt),
        };
        const started = tracer.startSpan(span.name, options, parent);
        for (const { name, attributes, at } of span.events) {
          started.addEvent(name, withValue(attributes), new Date(at));
        }
        if (span.error !== null) started.setStatus({ code: api.SpanStatusCode.ERROR, message: span.error.message });
        started.end(new Date(span.endedAt));
        ended += 1;
      }

      return (spans) => {
        for (const span of spans) send(span);
      };
    },
    async flush() {
      const timeout = new AbortController();
      // The exporter reports its errors itself.
      const flushed = processor.forceFlush().catch(() => {});
      const isLate = await Promise.race([
        // A batch may have been under way already.
        flushed.then(() => exporter.forceFlush()).then(() => false),
        pause(clock, flushMs, timeout.signal).then(() => true),
      ]);
      timeout.abort();
      if (isLate) exporter.lost(`the collector did not take the last spans within ${flushMs / 1_000} s`);
      const dropped = ended - exporter.given;
      if (dropped > 0) exporter.lost(`${dropped} spans were dropped: raise OTEL_BSP_MAX_QUEUE_SIZE`);
    },
  };
}

/** Returns the attributes that have a value. */
function withValue(attributes: Attributes): SdkAttributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
