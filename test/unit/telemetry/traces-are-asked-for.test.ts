import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { WfError } from '../../../src/engine/model/errors.ts';
import { systemClock } from '../../../src/host/machine/clock.ts';
import { openTraces } from '../../../src/telemetry/open-traces.ts';
import { traceSettings } from '../../../src/telemetry/trace-settings.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
const OFF = { type: 'off' };
const ON = { type: 'otlp', protocol: 'http/protobuf', flushMs: 2_000 };

test.each([
  ['nothing', {}, OFF],
  ['other signals', { OTEL_METRICS_EXPORTER: 'otlp', OTEL_SERVICE_NAME: 'x' }, OFF],
  ['an empty endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }, OFF],
  ['an endpoint', ENDPOINT, ON],
  ['an endpoint for traces', { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1/x' }, ON],
  ['the exporter', { OTEL_TRACES_EXPORTER: 'otlp' }, ON],
  ['two exporters', { OTEL_TRACES_EXPORTER: 'console, otlp' }, ON],
  ['no exporter', { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }, OFF],
  ['a disabled SDK', { ...ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' }, OFF],
  ['an SDK that is not disabled', { ...ENDPOINT, OTEL_SDK_DISABLED: 'false' }, ON],
  ['a protocol', { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, { ...ON, protocol: 'grpc' }],
  [
    'a protocol for traces',
    { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' },
    { ...ON, protocol: 'http/json' },
  ],
  ['a time-out', { ...ENDPOINT, OTEL_EXPORTER_OTLP_TIMEOUT: '500' }, { ...ON, flushMs: 500 }],
  ['a time-out that is none', { ...ENDPOINT, OTEL_EXPORTER_OTLP_TIMEOUT: 'soon' }, ON],
] as const)('%s in the environment has its standard meaning', (_what, env, settings) => {
  expect(traceSettings(env)).toEqual(settings);
});

test.each([
  [{ OTEL_TRACES_EXPORTER: 'console' }, 'OTEL_TRACES_EXPORTER=console: set it to otlp or none'],
  [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'pigeon' }, 'set it to http/protobuf, http/json, grpc'],
])('an unsupported setting is reported, and stops nothing', async (env, message) => {
  const reported: WfError[] = [];
  const report = (error: WfError) => void reported.push(error);
  const traces = await openTraces({ env, clock: systemClock, version: '1', host: 'h', report });
  expect(traces).toBeUndefined();
  expect(reported).toMatchObject([{ code: 'E_TRACES', message: expect.stringContaining(message) }]);
});

test('the packages to install are optional peers of the package, as is the SDK of fleets', () => {
  const peers = z.record(z.string(), z.string());
  const { peerDependencies, peerDependenciesMeta } = z
    .object({
      peerDependencies: peers,
      peerDependenciesMeta: z.record(z.string(), z.object({ optional: z.boolean() })),
    })
    .parse(JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')));
  const sources = ['telemetry', 'fleet/restate'].map((folder) =>
    readFileSync(new URL(`../../../src/${folder}/load-sdk.ts`, import.meta.url), 'utf8'),
  );
  const named = new Set(
    [...sources.join('').matchAll(/'(@(?:opentelemetry|restatedev)\/[a-z-]+)'/g)].map(([, name]) => name),
  );
  expect(Object.keys(peerDependencies).toSorted()).toEqual([...named].toSorted());
  expect(peerDependenciesMeta).toEqual(
    Object.fromEntries(Object.keys(peerDependencies).map((name) => [name, { optional: true }])),
  );
});
