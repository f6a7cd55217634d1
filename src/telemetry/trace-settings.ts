/** The encodings of OTLP, as `OTEL_EXPORTER_OTLP_PROTOCOL` names them. */
export const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether the environment asks for traces, and how they are sent. */
export type TraceSettings =
  | { readonly type: 'off' }
  | {
      readonly type: 'otlp';
      readonly protocol: Protocol;
      /** The longest time, in milliseconds, for which the end of a command or of an engine waits for the collector. */
      readonly flushMs: number;
    }
  /** It asks for something that wf does not support. */
  | { readonly type: 'unsupported'; readonly why: string };

/** Used unless the environment sets a time-out for exports. The SDK's default of ten seconds is too long for the end of a command. */
const FLUSH_MS = 2_000;

/**
 * Returns whether the environment asks for traces, by `OTEL_TRACES_EXPORTER=otlp` or by an endpoint. The SDK itself reads all other
 * variables of OpenTelemetry.
 */
export function traceSettings(env: Environment): TraceSettings {
  const exporter = setting(env, 'OTEL_TRACES_EXPORTER');
  if (setting(env, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return { type: 'off' };
  const exporters = exporter?.split(',').map((name) => name.trim()) ?? [
    ofTraces(env, 'ENDPOINT') === undefined ? 'none' : 'otlp',
  ];
  if (exporters.every((name) => name === 'none')) return { type: 'off' };
  if (!exporters.includes('otlp')) {
    return { type: 'unsupported', why: `OTEL_TRACES_EXPORTER=${exporter}: set it to otlp or none` };
  }
  const given = ofTraces(env, 'PROTOCOL') ?? PROTOCOLS[0];
  const protocol = PROTOCOLS.find((name) => name === given);
  const timeoutMs = Number(ofTraces(env, 'TIMEOUT'));
  if (protocol !== undefined) return { type: 'otlp', protocol, flushMs: timeoutMs > 0 ? timeoutMs : FLUSH_MS };
  return { type: 'unsupported', why: `OTEL_EXPORTER_OTLP_PROTOCOL=${given}: set it to ${PROTOCOLS.join(', ')}` };
}

/** Returns a setting of the exporter. The variable for traces takes precedence over the one for all signals. */
function ofTraces(env: Environment, name: 'ENDPOINT' | 'PROTOCOL' | 'TIMEOUT'): string | undefined {
  return setting(env, `OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? setting(env, `OTEL_EXPORTER_OTLP_${name}`);
}

/** An empty variable counts as absent. */
function setting(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}
