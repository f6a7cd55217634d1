import { suggestions } from '../../../review/text/suggestion.ts';
import type { PageFrame } from '../page-model.ts';
import { Prose } from './prose.tsx';

interface SuggestedProps {
  readonly frame: Pick<PageFrame, 'namedDatabase'>;
  readonly text: string;
}

/** A text with commands between backticks, which name the database if they must. */
export function Suggested({ frame: { namedDatabase }, text }: SuggestedProps) {
  return <Prose text={suggestions(text, namedDatabase === null ? {} : { database: namedDatabase })} />;
}
