import * as z from 'zod';
import { openApiDocument } from '../src/ui/api/document/openapi.ts';
import { REFUSAL_ROWS } from '../src/ui/api/document/responses.ts';
import { code, fenced, NOTE, page, table } from './markdown.ts';

/** The members of an OpenAPI operation that the page needs. */
const operationSchema = z.looseObject({
  summary: z.string(),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).default([]),
  'x-wf-command': z.string().optional(),
});

const SIGN_IN = [
  '$ umask 077',
  '$ wf ui -q --port 0 > link &',
  '$ until [ -s link ]; do sleep 0.1; done',
  '$ url=$(sed "s,/#.*,," link) token=$(sed "s,.*#token=,," link)',
  '$ curl -s -c cookies -H "Origin: $url" --json "{\\"token\\":\\"$token\\"}" "$url/session"',
  '{"signedIn":true,"csrf":"..."}',
  '$ curl -s -b cookies "$url/api/runs?status=failed&last=7d"',
  '[]',
  '$ curl -s -b cookies "$url/api/runs/nobody"',
  '{"error":{"code":"E_RUN_NOT_FOUND","message":"...","hint":"..."}}',
  '$ curl -s -N -m 2 -b cookies "$url/api/events?runs=1"',
  'retry: 1000',
  '...',
  '$ kill $!',
];

/** Returns the page of the HTTP API, from its OpenAPI document. */
export function httpApiPage(): string {
  const { paths } = openApiDocument({ version: '', basePath: '', cookie: 'wf-XXXXXXXX' });
  const rows = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(z.record(z.string(), z.unknown()).parse(item))
      .filter(([name]) => name === 'get' || name === 'post')
      .map(([method, operation]) => routeRow(method, path, operationSchema.parse(operation))),
  );
  return page([
    '# HTTP API',
    NOTE,
    'The server of `wf ui` answers programs, too. Its answers are the documents that the commands print with `--json`: see [JSON output](run-record.md). It listens on this machine only, and refuses every request that is not signed in.',
    '## Sign in',
    'The link that `wf ui` prints has a token, which is valid once, within ten minutes. `POST /session` turns it into a cookie for seven days. Both are secrets. A server that runs already prints another link: `wf ui` then ends at once.',
    fenced('console', SIGN_IN),
    'A request that changes something is a `POST` with `content-type: application/json`. Start the server with `--allow-actions`, and send the headers `Origin`, with the address of the server, and `x-wf-csrf`, with the `csrf` of `GET /session`.',
    '## Routes',
    `${code('GET /api/openapi.json')} describes every route with its parameters and the schemas of its answers (OpenAPI 3.1). Addresses are below ${code('/api')}, but for ${code('/session')}; with ${code('--base-path')}, all are below that.`,
    table(['route', '', 'query', 'the same as'], rows),
    'The id of a run or a plan is given in full.',
    '## Lists',
    'A list has at most `limit` items, and that of the changes in place the changes of at most `limit` runs; the commands print all of them. The header `Link` (RFC 8288) has the address of the next part (`rel="next"`), and of the previous one (`rel="prev"`) of the list of runs. Without `rel="next"` the list is complete.',
    '## Events',
    "`GET /api/events` is a stream of server-sent events. A comment every 15 seconds keeps the connection. Connect again after it has ended, with the header `Last-Event-ID`: the browser's `EventSource` does both by itself.",
    table(
      ['query', 'event', 'data'],
      [
        [
          code('run=RUN&after=SEQ'),
          code('run'),
          'what became of the run after the entry `SEQ` of its journal: the view that its page shows, with only the steps and changes that have changed. `id` is the number of the last entry',
        ],
        [code('runs=1'), code('runs'), '`{}`: some run has changed. At most two a second'],
      ],
    ),
    '## Errors',
    'An error is `{ error: { code, message, hint } }`, as commands print it: see [error codes](errors.md).',
    table(['status', ''], REFUSAL_ROWS),
    '## Stability',
    'Later versions of wf may add routes, parameters and members of answers. They remove none, and change the meaning of none. Programs ignore members that they do not know. The data of the event `run` is that of the page, and may change with it; read the run again with `GET /api/runs/RUN` instead.',
  ]);
}

function routeRow(method: string, path: string, operation: z.output<typeof operationSchema>): readonly string[] {
  const { summary, parameters, 'x-wf-command': command } = operation;
  const query = parameters.filter((one) => one.in === 'query').map(({ name }) => code(name));
  return [
    code(`${method.toUpperCase()} ${path}`),
    summary,
    query.join(', '),
    command === undefined ? '' : code(command),
  ];
}
