import type { RunHeader } from '../../engine/model/journal-event.ts';
import type { HistoryPort, StoredRun } from '../../engine/ports/history.ts';
import type { RunFileContent } from './run-file.ts';

type Source = Pick<HistoryPort, 'journal' | 'evidence' | 'definition' | 'fingerprint'>;

/**
 * Returns the content of the run file of a run. Derived rows are left out: the journal determines them. An imported run keeps the name
 * of its original machine, so that its file is the same wherever it is written. @param machine name of this machine
 */
export function runFileContent(source: Source, run: StoredRun, machine: string): RunFileContent {
  const journal = source.journal(run.id);
  const accepted = journal.flatMap(({ event }) => (event.type === 'definition.accepted' ? [event.definitionHash] : []));
  const definitions = [...new Set([run.definitionHash, ...accepted])].flatMap((hash) => {
    const definition = source.definition(hash);
    return definition === undefined ? [] : [{ hash, definition }];
  });
  const taken = journal.flatMap(({ event }) =>
    (event.type === 'baseline.taken' || event.type === 'verified') && event.fingerprint !== null
      ? [event.fingerprint]
      : [],
  );
  const fingerprints = [...new Set(taken)].flatMap((hash) => {
    const fingerprint = source.fingerprint(hash);
    return fingerprint === undefined ? [] : [{ hash, fingerprint }];
  });
  const evidence = source
    .evidence(run.id)
    .map(({ step, attempt, command, output, exitCode, startedAt, durationMs }) => {
      return { step, attempt, command, output, exitCode, startedAt, durationMs };
    });
  return { machine: run.importedFrom ?? machine, run: headerOf(run), definitions, journal, evidence, fingerprints };
}

function headerOf({ id, workflow, definitionHash, runtime, input, options, createdAt }: StoredRun): RunHeader {
  return { id, workflow, definitionHash, runtime, input, options, createdAt };
}
