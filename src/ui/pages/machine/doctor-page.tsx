import type { FindingRecord } from '../../../review/record/finding-record.ts';
import type { DoctorView } from '../../views/doctor-view.ts';
import type { PageFrame } from '../page-model.ts';
import { Moment } from '../parts/moment.tsx';
import { Suggested } from '../parts/suggested.tsx';

interface DoctorPageProps {
  readonly frame: PageFrame;
  readonly view: DoctorView;
}

/** The checks of this machine. */
export function DoctorPage({ frame, view: { readAt, findings } }: DoctorPageProps) {
  const unmet = findings.filter(({ met }) => !met);
  const missing = unmet.filter(({ needed }) => needed).length;
  const warnings = unmet.length - missing;
  const inOrder = [
    ...unmet.toSorted((a, b) => Number(b.needed) - Number(a.needed)),
    ...findings.filter(({ met }) => met),
  ];
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
      <ul class="findings" aria-label="Checks">
        {inOrder.map((finding) => (
          <Finding key={finding.title} frame={frame} finding={finding} />
        ))}
      </ul>
    </>
  );
}

interface FindingProps {
  readonly frame: PageFrame;
  readonly finding: FindingRecord;
}

function Finding({ frame, finding: { title, purpose, needed, met, found, error } }: FindingProps) {
  const [sign, word] = met ? ['met', 'ok'] : needed ? ['missing', 'missing'] : ['warning', 'warning'];
  return (
    <li>
      <span class={`result ${sign}`}>{word}</span>
      <div>
        <strong>{title}</strong>
        <p class="quiet">{purpose}</p>
      </div>
      <div>
        {found}
        {error !== null && (
          <>
            <p>
              <code>{error.code}</code>: {error.message}
            </p>
            <p>
              <Suggested frame={frame} text={error.hint} />
            </p>
          </>
        )}
      </div>
    </li>
  );
}

function counted(count: number, word: string, end: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'} ${end}`;
}
