import type { Paint, TextStyle } from '../../text/format/text-style.ts';
import type { Mark } from '../run-marks.ts';

/** The signs of the marks: colour alone is not enough. */
export const SIGNS: Readonly<Record<Mark, string>> = {
  passed: '✓',
  current: '▶',
  failed: '✗',
  stopped: '■',
  'not-run': '·',
};

/** The meanings of the signs. */
export const MARK_WORDS: Readonly<Record<Mark, string>> = {
  passed: 'passed',
  current: 'the run is here',
  failed: 'failed here',
  stopped: 'stopped here',
  'not-run': 'did not run',
};

/** The marks in the order of a legend. */
export const MARKS: readonly Mark[] = ['passed', 'current', 'failed', 'stopped', 'not-run'];

/** Returns the colour of a mark, as in `statusPaint`. */
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
