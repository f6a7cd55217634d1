import type { RunChanges } from '../../../review/changes/run-changes.ts';
import { shortId } from '../../../review/text/format/output-words.ts';
import { displayedText } from '../../views/displayed.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';
import { Verification } from '../run/verification.tsx';
import { FingerprintTable } from './fingerprint-table.tsx';

interface RunChangesPageProps {
  readonly frame: PageFrame;
  readonly view: RunChanges;
}

/** The changes of a run on the host, and the fingerprints that its verification compared. */
export function RunChangesPage({ frame: { basePath }, view }: RunChangesPageProps) {
  const { run, workflow, status, changed, fullest, compared, verification } = view;
  return (
    <>
      <h1>
        Changes of run <a href={`${basePath}/runs/${run}`}>{run}</a> <Status status={status} />
      </h1>
      <p>
        A run of {workflow}. <a href={`${basePath}/runs/${run}/compare`}>Compare it with another run</a>
      </p>
      <h2>Changed on the host</h2>
      {changed.length === 0 ? <p class="quiet">nothing</p> : <ChangedTable changed={changed} />}
      {fullest !== null && (
        <p class="quiet">
          Most at once: {fullest.count} in place at <Moment at={fullest.at} />.
        </p>
      )}
      <h2>Compared</h2>
      <FingerprintTable compared={compared} />
      <Verification verification={verification} />
    </>
  );
}

function ChangedTable({ changed }: { readonly changed: RunChanges['changed'] }) {
  return (
    <table class="changed">
      <caption class="unseen">Changes, in the order of the ledger</caption>
      <thead>
        <tr>
          <th scope="col">Target</th>
          <th scope="col">Status</th>
          <th scope="col" class="wide">
            Identity
          </th>
          <th scope="col" class="wide">
            In place
          </th>
          <th scope="col" class="wide">
            Step
          </th>
        </tr>
      </thead>
      <tbody>
        {changed.map(({ seq, target, change, status, reason, identity, appliedAt, settledAt, step }) => (
          <tr key={seq}>
            <th scope="row">
              {target} {change === 'altered' && <span class="quiet">(altered)</span>}
            </th>
            <td>
              <Status status={status} />
              {reason !== null && <p class="quiet">{reason}</p>}
            </td>
            <td class="wide">
              {Object.entries(identity).map(([name, value]) => (
                <code key={name} class="identity">
                  {name}={shortId(value)}
                </code>
              ))}
            </td>
            <td class="wide">
              {appliedAt === null ? (
                'not observed'
              ) : (
                <>
                  <Moment at={appliedAt} />{' '}
                  <span class="until">until {settledAt === null ? 'now' : <Moment at={settledAt} />}</span>
                </>
              )}
            </td>
            <td class="wide">{displayedText(step)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
