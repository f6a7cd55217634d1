import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../engine/model/json.ts';
import type { Proof } from '../../../engine/workflow/workflow.ts';
import type { RequestRecord } from '../../../review/record/request-record.ts';
import { requesterName } from '../../../review/text/request-text.ts';
import type { RunView } from '../../views/runs/run-view.ts';
import { browser } from '../live/browser.ts';
import { DataTable } from '../parts/data-table.tsx';
import { Moment } from '../parts/moment.tsx';

/** The proofs of the run. */
export function Proofs({ proofs }: { readonly proofs: readonly Proof[] }) {
  if (proofs.length === 0) return null;
  return (
    <section aria-labelledby="proofs">
      <h2 id="proofs">Proofs</h2>
      <DataTable
        caption="Proofs of the run"
        isCaptionUnseen
        columns={['Claim', 'Figures']}
        rows={proofs.map(({ claim, figures }) => [claim, figures])}
      />
    </section>
  );
}

/** The requests of people and programs to the run, and its answers. */
export function Requests({ requests }: { readonly requests: readonly RequestRecord[] }) {
  return (
    <section aria-labelledby="requests">
      <h2 id="requests">Requests</h2>
      {requests.length === 0 ? (
        <p>The run has received no requests.</p>
      ) : (
        <DataTable
          caption="Requests, oldest first"
          isCaptionUnseen
          columns={['When', 'Who', 'Request', 'Comment', 'Answer']}
          rows={requests.map((request) => [
            <Moment at={request.at} />,
            `${requesterName(request.by)} on ${request.by.host}`,
            request.event === null ? request.kind : `${request.kind} ${request.event.type}`,
            request.comment ?? '',
            answerOf(request),
          ])}
        />
      )}
    </section>
  );
}

function answerOf({ outcome }: RequestRecord): string {
  if (outcome === null) return 'no answer yet';
  return outcome.type === 'handled' ? 'handled' : `refused: ${outcome.error.message}`;
}

/** The inputs, in which secrets are redacted, and the output. */
export function Inputs({ run }: Pick<RunView, 'run'>) {
  const inputs = Object.entries(run.input);
  return (
    <section aria-labelledby="inputs">
      <h2 id="inputs">Inputs and output</h2>
      {inputs.length === 0 ? (
        <p>The run has no inputs.</p>
      ) : (
        <DataTable
          caption="Inputs"
          isCaptionUnseen
          columns={['Input', 'Value']}
          rows={inputs.map(([name, value]) => [<code>{name}</code>, <Value value={value} />])}
        />
      )}
      {run.output === null ? null : (
        <details>
          <summary>Output of the run</summary>
          <pre>{JSON.stringify(run.output, null, 2)}</pre>
        </details>
      )}
    </section>
  );
}

function Value({ value }: { readonly value: JsonObject[string] }) {
  if (value === null) return <>-</>;
  if (typeof value === 'string' && value !== '') return <code>{value}</code>;
  if (typeof value === 'object') return <pre>{JSON.stringify(value, null, 2)}</pre>;
  return <code>{JSON.stringify(value)}</code>;
}

interface ReportProps {
  readonly basePath: string;
  readonly run: string;
  /** Address of the run in the API. */
  readonly address: string;
  /** Ids of other runs of the workflow. */
  readonly others: readonly string[];
}

/** Links to the report as a document, and a form for a comparison. */
export function Report({ basePath, run, address, others }: ReportProps) {
  const [other, setOther] = useState('');
  return (
    <section aria-labelledby="report">
      <h2 id="report">Report and comparison</h2>
      <ul>
        <li>
          Report as a page: <a href={`${address}/report.html?lang=en`}>English</a>,{' '}
          <a href={`${address}/report.html?lang=fr`} lang="fr" hreflang="fr">
            Français
          </a>
        </li>
        <li>
          Report in Markdown: <a href={`${address}/report.md?lang=en`}>English</a>,{' '}
          <a href={`${address}/report.md?lang=fr`} lang="fr" hreflang="fr">
            Français
          </a>
        </li>
      </ul>
      <form
        class="compare"
        onSubmit={(event) => {
          event.preventDefault();
          const id = other.trim();
          if (id !== '') browser().go(`${basePath}/runs/${run}/compare/${encodeURIComponent(id)}`);
        }}
      >
        <label>
          Compare with run{' '}
          <input
            list="other-runs"
            required
            autocomplete="off"
            value={other}
            onInput={(event) => setOther(event.currentTarget.value)}
          />
        </label>
        <datalist id="other-runs">
          {others.map((id) => (
            <option key={id} value={id} />
          ))}
        </datalist>{' '}
        <button type="submit">Compare</button>
      </form>
    </section>
  );
}
