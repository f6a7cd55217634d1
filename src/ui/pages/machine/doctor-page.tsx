import type { FindingRecord } from '../../../review/record/finding-record.ts';
import type { DoctorView } from '../../views/doctor-view.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';

interface DoctorPageProps {
  readonly frame: PageFrame;
  readonly view: DoctorView;
}

/** The checks of this machine. */
export function DoctorPage({ frame, view: { readAt, findings } }: DoctorPageProps) {
  const unmet = findings.filter(({ met }) => !met);
  const missing = unmet.filter(({ needed }) => needed).length;
  const warnings = unmet.length - missing;
  return (
    <>
      <h1>Doctor</h1>
      <p>
        <strong class={missing === 0 ? 'result met' : 'result missing'}>
          {missing === 0 ? 'Everything wf needs is here.' : counted(missing, 'thing', 'missing.')}
        </strong>{' '}
        {warnings > 0 && counted(warnings, 'warning', '').trim()}
      </p>
      <p class="quiet">
        Checked at <Moment at={readAt} />.{' '}
        <a href={`${frame.basePath}/doctor?after=${encodeURIComponent(readAt)}`}>Check again</a>
      </p>
      <table class="findings">
        <caption class="unseen">Checks of this machine</caption>
        <thead>
          <tr>
            <th scope="col">Result</th>
            <th scope="col">Check</th>
            <th scope="col">Found</th>
          </tr>
        </thead>
        <tbody>
          {findings.map((finding) => (
            <Finding key={finding.title} finding={finding} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Finding({ finding: { title, purpose, needed, met, found, error } }: { readonly finding: FindingRecord }) {
  const [sign, word] = met ? ['met', 'ok'] : needed ? ['missing', 'missing'] : ['warning', 'warning'];
  return (
    <tr>
      <td>
        <span class={`result ${sign}`}>{word}</span>
      </td>
      <th scope="row">
        {title}
        <p class="quiet">{purpose}</p>
      </th>
      <td>
        {found}
        {error !== null && (
          <>
            <p>
              <code>{error.code}</code>: {error.message}
            </p>
            <p>{error.hint}</p>
          </>
        )}
      </td>
    </tr>
  );
}

function counted(count: number, word: string, end: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'} ${end}`;
}
