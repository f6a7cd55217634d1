import type { Difference, Verification } from '../../../engine/model/change.ts';
import type { RunChanges } from '../../../review/changes/run-changes.ts';
import { shortId } from '../../../review/text/format/output-words.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';
import { Status } from '../parts/status.tsx';
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
      <h2>Host</h2>
      <VerificationText verification={verification} />
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
            <td class="wide">{step}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const SECTIONS = [
  { title: 'Left by the run', of: 'residues' },
  { title: 'Unexplained', of: 'unexplained' },
  { title: 'Drift', of: 'drift' },
] as const;

const OWNERS: Readonly<Record<Difference['owner'], string>> = {
  run: 'this run',
  docker: 'Docker',
  other: 'somebody else',
  unknown: 'an unknown cause',
};

function VerificationText({ verification }: { readonly verification: Verification | null }) {
  if (verification === null) return <p>Not compared.</p>;
  return (
    <>
      <p>
        <strong class={verification.restored ? 'result met' : 'result missing'}>
          {verification.restored ? 'as before' : 'not as before'}
        </strong>
      </p>
      {SECTIONS.filter(({ of }) => verification[of].length > 0).map(({ title, of }) => (
        <section key={of}>
          <h3>{title}</h3>
          <ul>
            {verification[of].map((difference) => (
              <li key={difference.subject}>
                <DifferenceText difference={difference} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      {verification.notCompared.length > 0 && (
        <>
          <h3>Not compared</h3>
          <ul>
            {verification.notCompared.map(({ subject, reason }) => (
              <li key={subject}>
                {subject} <span class="quiet">({reason})</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function DifferenceText({
  difference: { subject, difference, before, after, owner, reason },
}: {
  readonly difference: Difference;
}) {
  return (
    <>
      {subject} {difference}
      {difference === 'altered' && ` from ${before ?? 'nothing'} to ${after ?? 'nothing'}`}, by {OWNERS[owner]}{' '}
      <span class="quiet">({reason})</span>
    </>
  );
}
