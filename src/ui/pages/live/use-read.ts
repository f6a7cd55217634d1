import { useEffect, useRef, useState } from 'preact/hooks';
import { browser } from './browser.ts';

/** A document as the page knows it. */
export interface ReadDocument<Content> {
  /** Null until it is read. */
  readonly content: Content | null;
  /** Why it could not be read the last time. */
  readonly problem: string | null;
}

/**
 * Reads a JSON document from this server, and reads it again when its address or `version` changes: one reading at a time. The last content
 * stays until then.
 * @param first what the server has rendered; null if the document is to be read at once
 */
export function useRead<Content>(address: string, version: string, first: Content | null): ReadDocument<Content> {
  const [known, setKnown] = useState<ReadDocument<Content>>({ content: first, problem: null });
  const state = useRef({ address, isFirst: true, isReading: false, isStale: false, isGone: false });
  useEffect(() => {
    const own = state.current;
    own.address = address;
    const isKnown = own.isFirst && first !== null;
    own.isFirst = false;
    if (isKnown) return;
    const read = () => {
      own.isReading = true;
      own.isStale = false;
      const end = (change: (before: ReadDocument<Content>) => ReadDocument<Content>) => {
        own.isReading = false;
        if (own.isGone) return;
        setKnown(change);
        if (own.isStale) read();
      };
      browser()
        .readText(own.address)
        .then(
          (text) => end(() => ({ content: JSON.parse(text), problem: null })),
          (error: Error) => end(({ content }) => ({ content, problem: error.message })),
        );
    };
    if (own.isReading) own.isStale = true;
    else read();
  }, [address, version]);
  useEffect(
    () => () => {
      state.current.isGone = true;
    },
    [],
  );
  return known;
}
