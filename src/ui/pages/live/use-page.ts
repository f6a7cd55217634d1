import { useEffect, useRef, useState } from 'preact/hooks';
import type { PageModel } from '../page-model.ts';
import { type Connection, followChanges } from './event-source.ts';
import { pageReader } from './page-reader.ts';

/** A page that is read again whenever it has changed. */
interface LivePage<View> {
  readonly view: View;
  readonly connection: Connection;
  /** Why it could not be read the last time; empty if it could. */
  readonly problem: string;
  readAgain(): void;
}

/**
 * Follows the content of a page, from the content that the server has rendered.
 * @param query names it in the event stream
 * @param viewIn returns the view of a page of this kind; undefined for another one
 */
export function usePage<View>(
  basePath: string,
  query: string,
  first: View,
  viewIn: (model: PageModel) => View | undefined,
): LivePage<View> {
  const [view, setView] = useState(first);
  const [problem, setProblem] = useState('');
  const [connection, setConnection] = useState<Connection>('connected');
  const reader = useRef<ReturnType<typeof pageReader> | null>(null);
  useEffect(() => {
    const own = pageReader((answer) => {
      setProblem(answer.type === 'failed' ? answer.reason : '');
      const next = answer.type === 'page' ? viewIn(answer.model) : undefined;
      if (next !== undefined) setView(next);
    });
    reader.current = own;
    const unfollow = followChanges(basePath, query, own.readAgain, setConnection);
    return () => {
      unfollow();
      own.stop();
    };
  }, [basePath, query]);
  return { view, connection, problem, readAgain: () => reader.current?.readAgain() };
}
