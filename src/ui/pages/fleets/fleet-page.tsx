import type { FleetRecord } from '../../../fleet/record/fleet-record.ts';
import { hostNote } from '../../../fleet/record/host-note.ts';
import { durationText } from '../../../review/text/format/duration.ts';
import type { FleetView } from '../../views/fleets/fleet-view.ts';
import { usePage } from '../live/use-page.ts';
import type { PageFrame } from '../page-model.ts';
import { ConnectionNotice } from '../parts/connection-notice.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { ErrorText } from '../parts/error-text.tsx';
import { FactList } from '../parts/fact-list.tsx';
import { Moment } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';
import { CopyNotice } from './copy-notice.tsx';
import { FleetActions } from './fleet-actions.tsx';

interface FleetPageProps {
  readonly frame: PageFrame;
  readonly view: FleetView;
}

/** A fleet run with its hosts by wave, as they answer. */
export function FleetPage({ frame, view: first }: FleetPageProps) {
  const { basePath, namedDatabase } = frame;
  const page = usePage(basePath, `fleet=${first.record.id}`, first, (model) =>
    model.page === 'fleet' ? model.view : undefined,
  );
  const { record, parts, live, problem } = page.view;
  return (
    <>
      <header class="run-heading">
        <h1>
          <a href={`${basePath}/workflows/${encodeURIComponent(record.workflow)}`}>{record.workflow}</a>{' '}
          <code>{record.id}</code> <Status status={record.status} />
        </h1>
        <ConnectionNotice connection={page.connection} problem={page.problem} />
        {record.error === null ? null : <ErrorText error={record.error} namedDatabase={namedDatabase} />}
      </header>
      {live === null ? (
        <CopyNotice frame={frame} hasAddress={problem !== null} problem={problem} text="This is a copy from its end." />
      ) : (
        <FleetActions frame={frame} record={record} live={live} onDone={page.readAgain} />
      )}
      <Facts basePath={basePath} record={record} />
      <Hosts basePath={basePath} record={record} parts={parts} />
      <Requests record={record} />
    </>
  );
}

function Facts({ basePath, record }: { readonly basePath: string; readonly record: FleetRecord }) {
  const { createdAt, finishedAt, durationMs, by, maxFailures, confirmWithinMs, definitionHash, retryOf, input } =
    record;
  const inputs = Object.entries(input).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const facts = [
    ['Created', <Moment at={createdAt} />],
    ['Finished', <Moment at={finishedAt} />],
    ['Took', durationText(durationMs)],
    ['Started by', by],
    ['Failures permitted', maxFailures],
    ...(confirmWithinMs === null ? [] : [['Confirmed within', durationText(confirmWithinMs)] as const]),
    ['Definition', <code title={definitionHash}>{definitionHash.slice(0, 12)}</code>],
    ...(inputs.length === 0 ? [] : [['Input', <code>{inputs.join(' ')}</code>] as const]),
    ...(retryOf === null ? [] : [['Starts anew', <a href={`${basePath}/fleets/${retryOf}`}>{retryOf}</a>] as const]),
  ] as const;
  return <FactList facts={facts} />;
}

function Hosts({ basePath, record, parts }: { readonly basePath: string } & Pick<FleetView, 'record' | 'parts'>) {
  return (
    <section aria-labelledby="hosts">
      <h2 id="hosts">Hosts</h2>
      <DataTable
        caption="Hosts, by wave"
        isCaptionUnseen
        columns={['Host', 'Wave', 'Status', 'In place', 'Part', 'Note']}
        rows={record.hosts.map((host) => [
          host.host,
          host.wave,
          <Status status={host.status} />,
          host.changesInPlace ?? '-',
          parts.includes(host.part) ? <a href={`${basePath}/runs/${host.part}`}>{host.part}</a> : host.part,
          hostNote(host),
        ])}
      />
    </section>
  );
}

function Requests({ record: { requests } }: Pick<FleetView, 'record'>) {
  if (requests.length === 0) return null;
  return (
    <section aria-labelledby="requests">
      <h2 id="requests">Requests</h2>
      <DataTable
        caption="Requests, oldest first"
        isCaptionUnseen
        columns={['When', 'Who', 'Request', 'Comment']}
        rows={requests.map(({ at, by, kind, comment }) => [<Moment at={at} />, by, kind, comment ?? ''])}
      />
    </section>
  );
}
