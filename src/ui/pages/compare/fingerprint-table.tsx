import type { RunChanges } from '../../../review/changes/run-changes.ts';
import { Moment } from '../parts/moment.tsx';

/** The fingerprints that a verification compared: the number of objects in each section. */
export function FingerprintTable({ compared }: { readonly compared: RunChanges['compared'] }) {
  const { before, after, equal, sections, leftOut } = compared;
  if (before === null) return <p class="quiet">no fingerprint was taken</p>;
  return (
    <>
      <p>
        Before: <Moment at={before.at} />.{' '}
        {after === null ? (
          'After: not taken yet.'
        ) : (
          <>
            After: <Moment at={after.at} />.
          </>
        )}{' '}
        {equal !== null && <strong>{equal ? 'Equal.' : 'Different.'}</strong>}
      </p>
      {sections.length > 0 && (
        <table class="fingerprints">
          <caption class="unseen">Objects of the host in each fingerprint</caption>
          <thead>
            <tr>
              <th scope="col">Section</th>
              <th scope="col" class="number">
                Before
              </th>
              <th scope="col" class="number">
                After
              </th>
            </tr>
          </thead>
          <tbody>
            {sections.map(({ name, entriesBefore, entriesAfter, ...states }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <Count state={states.before} entries={entriesBefore} />
                <Count state={states.after} entries={entriesAfter} />
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {leftOut.length > 0 && <p class="quiet">In no fingerprint: {leftOut.join(', ')}.</p>}
    </>
  );
}

function Count({ state, entries }: { readonly state: string | null; readonly entries: number | null }) {
  if (state !== null && state !== 'read') return <td class="number error">{state}</td>;
  return <td class="number">{entries ?? '-'}</td>;
}
