import { statSync } from 'node:fs';
import type { HistoryReader } from '../../history/reader.ts';
import { rememberJournals } from '../../history/remembered-journals.ts';
import type { Services } from '../services/services.ts';

/** Returns a getter of the history for a long-lived process. It opens the database once that exists, and again if the file is replaced. */
export function historySource(services: Services): () => Promise<HistoryReader | undefined> {
  const { database } = services.places;
  let known: { readonly reader: HistoryReader; readonly file: number } | undefined;
  let opening: Promise<HistoryReader | undefined> | undefined;

  async function open(file: number): Promise<HistoryReader | undefined> {
    const opened = await services.historyForReading();
    const reader = opened === undefined ? undefined : rememberJournals(opened);
    known = reader === undefined ? undefined : { reader, file };
    return reader;
  }

  return async () => {
    const file = statSync(database, { throwIfNoEntry: false })?.ino;
    if (known !== undefined && known.file === file) return known.reader;
    known?.reader.close();
    known = undefined;
    if (file === undefined) return undefined;
    opening ??= open(file).finally(() => {
      opening = undefined;
    });
    return opening;
  };
}
