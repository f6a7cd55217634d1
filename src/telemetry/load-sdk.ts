import { hasPackage } from '../trust/optional-package.ts';
import type { Protocol } from './trace-settings.ts';
import { tracesError } from './traces-error.ts';

/** The packages of OpenTelemetry with the versions to install: optional peers. */
const PACKAGES = {
  '@opentelemetry/api': '1.9',
  '@opentelemetry/resources': '2',
  '@opentelemetry/sdk-trace-base': '2',
} as const;

/** The package that exports by each protocol. */
const EXPORTERS = {
  'http/protobuf': '@opentelemetry/exporter-trace-otlp-proto',
  'http/json': '@opentelemetry/exporter-trace-otlp-http',
  grpc: '@opentelemetry/exporter-trace-otlp-grpc',
} as const;
const EXPORTER_VERSION = '0.223';

/** The loaded packages. */
export type TraceSdk = Awaited<ReturnType<typeof loadSdk>>;

/**
 * Loads the SDK of OpenTelemetry and the exporter of a protocol.
 * @throws WfError E_TRACES if a package is missing, with the command that installs it; E_UNTRUSTED
 */
export async function loadSdk(protocol: Protocol) {
  requireInstalled(protocol);
  const [api, resources, trace, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
    importExporter(protocol),
  ]);
  return { api, resources, trace, OTLPTraceExporter };
}

function importExporter(protocol: Protocol) {
  switch (protocol) {
    case 'http/protobuf':
      return import('@opentelemetry/exporter-trace-otlp-proto');
    case 'http/json':
      return import('@opentelemetry/exporter-trace-otlp-http');
    case 'grpc':
      return import('@opentelemetry/exporter-trace-otlp-grpc');
  }
}

function requireInstalled(protocol: Protocol): void {
  const exporter = EXPORTERS[protocol];
  for (const name of [...Object.keys(PACKAGES), exporter]) if (!hasPackage(name)) throw missing(name, exporter);
}

function missing(name: string, exporter: string) {
  const wanted = [...Object.entries(PACKAGES), [exporter, EXPORTER_VERSION]].map(
    ([each, version]) => `${each}@${version}`,
  );
  return tracesError(
    `${name} is not installed beside wf-engine`,
    `Install it with \`npm install ${wanted.join(' ')}\`, or switch traces off with OTEL_SDK_DISABLED=true.`,
  );
}
