import type { Paint, TextStyle } from '../../text/format/text-style.ts';
import type { Mark } from '../run-marks.ts';

/** A sign for each mark, so that none is told by colour alone. */
export const SIGNS: Readonly<Record<Mark, string>> = {
  passed: '✓',
  current: '▶',
  failed: '✗',
  stopped: '■',
  'not-run': '·',
};

/** What the signs mean. */
export const MARK_WORDS: Readonly<Record<Mark, string>> = {
  passed: 'passed',
  current: 'the run is here',
  failed: 'failed here',
  stopped: 'stopped here',
  'not-run': 'did not run',
};

/** In the order in which a legend tells them. */
export const MARKS: readonly Mark[] = ['passed', 'current', 'failed', 'stopped', 'not-run'];

/** Colours as in `statusPaint`. */
export function markPaint({ colors }: TextStyle, mark: Mark): Paint {
  switch (mark) {
    case 'passed':
      return colors.green;
    case 'current':
      return colors.cyan;
    case 'failed':
      return colors.red;
    case 'stopped':
      return colors.yellow;
    case 'not-run':
      return colors.dim;
  }
}
