import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Server } from 'node:net';
import { buffer } from 'node:stream/consumers';
import protobuf from 'protobufjs';
import { z } from 'zod';

/** The messages of OTLP with the numbers of opentelemetry/proto/collector/trace/v1: those that carry traces. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; string schema_url = 3; }
  message Scope { string name = 1; string version = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; fixed32 flags = 16;
    string name = 5; int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10;
    repeated Event events = 11; uint32 dropped_events_count = 12;
    repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15;
  }
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`);
const Request = root.lookupType('ExportTraceServiceRequest');

/** Protobuf's JSON, and that of OTLP, which has ids in hex. */
const number = z.union([z.string(), z.number()]).transform(Number);
const attributes = z
  .array(
    z.object({
      key: z.string(),
      value: z.object({
        stringValue: z.string().optional(),
        boolValue: z.boolean().optional(),
        intValue: number.optional(),
        doubleValue: z.number().optional(),
      }),
    }),
  )
  .default([])
  .transform((all) =>
    Object.fromEntries(
      all.map(({ key, value }) => [key, value.stringValue ?? value.boolValue ?? value.intValue ?? value.doubleValue]),
    ),
  );
const nanoseconds = z.union([z.string(), z.number()]).transform((text) => Number(BigInt(text) / 1_000n) / 1_000);

const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().default(''),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes,
  events: z.array(z.object({ timeUnixNano: nanoseconds, name: z.string(), attributes })).default([]),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })).default([]),
  status: z.object({ code: z.number().default(0), message: z.string().default('') }).default({ code: 0, message: '' }),
});
const request = z.object({
  resourceSpans: z
    .array(
      z.object({
        resource: z.object({ attributes }),
        scopeSpans: z.array(z.object({ scope: z.object({ name: z.string() }), spans: z.array(span) })),
      }),
    )
    .default([]),
});

/** A span as it arrived, with the attributes of its resource. Times are in milliseconds since the epoch. */
export type ReceivedSpan = z.output<typeof span> & {
  readonly resource: Readonly<Record<string, string | number | boolean | undefined>>;
};

export interface OtlpReceiver {
  /** The endpoint for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string;
  /** All spans that arrived so far, in order. */
  readonly spans: readonly ReceivedSpan[];
  /** All bodies that arrived, unchanged. */
  readonly bodies: readonly Buffer[];
  close(): Promise<void>;
}

/** Starts a collector on loopback, which takes OTLP over HTTP (protobuf and JSON). */
export async function openOtlpReceiver(): Promise<OtlpReceiver> {
  const received = { spans: [] as ReceivedSpan[], bodies: [] as Buffer[] };
  const take = async (message: IncomingMessage, answer: ServerResponse) => {
    const body = await buffer(message);
    received.bodies.push(body);
    const type = message.headers['content-type'];
    const isJson = type === 'application/json';
    const isTrace = message.method === 'POST' && message.url === '/v1/traces';
    if (isTrace) received.spans.push(...(isJson ? spansIn(JSON.parse(body.toString())) : decoded(body)));
    answer.writeHead(isTrace ? 200 : 404, { 'content-type': type });
    answer.end(isJson ? '{}' : '');
  };
  const server = createServer((message, answer) => void take(message, answer));
  return { ...received, ...(await listening(server, () => server.closeAllConnections())) };
}

/** Starts a collector on loopback, which takes OTLP over gRPC. */
export async function openGrpcReceiver(): Promise<OtlpReceiver> {
  const received = { spans: [] as ReceivedSpan[], bodies: [] as Buffer[] };
  const take = async (message: Http2ServerRequest, answer: Http2ServerResponse) => {
    // One byte whether it is compressed, four with its length, then the message.
    const body = (await buffer(message)).subarray(5);
    received.bodies.push(body);
    const isTrace = message.url === '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
    if (isTrace) received.spans.push(...decoded(body));
    answer.writeHead(200, { 'content-type': 'application/grpc' });
    answer.addTrailers({ 'grpc-status': '0' });
    answer.end(Buffer.alloc(5));
  };
  const server = createHttp2Server((message, answer) => void take(message, answer));
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => sessions.add(session));
  const closeSessions = () => {
    for (const session of sessions) session.destroy();
  };
  return { ...received, ...(await listening(server, closeSessions)) };
}

async function listening(
  server: Server,
  closeConnections: () => void,
): Promise<Pick<OtlpReceiver, 'endpoint' | 'close'>> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${portOf(server.address())}`,
    async close() {
      closeConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function portOf(address: ReturnType<Server['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('not a port');
  return address.port;
}

function decoded(body: Buffer): readonly ReceivedSpan[] {
  const message = Request.toObject(Request.decode(body), { longs: String, bytes: Buffer });
  return spansIn(JSON.parse(JSON.stringify(message, hexIds)));
}

/** Buffers have become `{ type: 'Buffer', data }`. */
function hexIds(_key: string, value: unknown): unknown {
  const bytes = z.object({ type: z.literal('Buffer'), data: z.array(z.number()) }).safeParse(value);
  return bytes.success ? Buffer.from(bytes.data.data).toString('hex') : value;
}

function spansIn(message: unknown): readonly ReceivedSpan[] {
  return request
    .parse(message)
    .resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map((each) => ({ ...each, resource: resource.attributes }))),
    );
}
