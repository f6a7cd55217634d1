import type { Difference, Verification as Found } from '../../../engine/model/change.ts';
import { reportWords } from '../../../review/report/words.ts';
import { DataTable } from '../parts/data-table.tsx';

/** Whether the host was restored, and the differences. */
export function Verification({ verification }: { readonly verification: Found | null }) {
  return (
    <section aria-labelledby="verification">
      <h2 id="verification">Verification</h2>
      {verification === null ? <p>{WORDS.verified.never}</p> : <Result {...verification} />}
    </section>
  );
}

/** The words of the report. */
const WORDS = reportWords('en');

function Result({ restored, residues, unexplained, drift, notCompared }: Found) {
  const { verified } = WORDS;
  const bad = residues.length > 0 ? verified.residue : unexplained.length > 0 ? verified.unexplained : verified.inPlace;
  return (
    <>
      <p class={restored ? 'verdict good' : 'verdict bad'}>{restored ? verified.restored : bad}</p>
      <Differences caption={WORDS.residues} none={WORDS.noResidues} differences={residues} />
      <Differences caption={WORDS.unexplained} none={WORDS.noUnexplained} differences={unexplained} />
      <Differences caption={WORDS.drift} none={WORDS.noDrift} differences={drift} />
      {notCompared.length === 0 ? null : (
        <DataTable
          caption={WORDS.notCompared}
          columns={[WORDS.differences.subject, WORDS.differences.reason]}
          rows={notCompared.map(({ subject, reason }) => [<code>{subject}</code>, reason])}
        />
      )}
    </>
  );
}

interface DifferencesProps {
  readonly caption: string;
  readonly none: string;
  readonly differences: readonly Difference[];
}

function Differences({ caption, none, differences }: DifferencesProps) {
  if (differences.length === 0) return <p>{none}</p>;
  const { subject, difference, before, after, owner, reason } = WORDS.differences;
  return (
    <DataTable
      caption={caption}
      columns={[subject, difference, before, after, owner, reason]}
      rows={differences.map((one) => [
        <code>{one.subject}</code>,
        WORDS.difference[one.difference],
        one.before === null ? '-' : <code>{one.before}</code>,
        one.after === null ? '-' : <code>{one.after}</code>,
        WORDS.owner[one.owner],
        one.reason,
      ])}
    />
  );
}
