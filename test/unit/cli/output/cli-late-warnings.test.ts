import { expect, test } from 'vitest';
import { lateWarnings } from '../../../../src/cli/output/errors/late-warnings.ts';
import { WfError } from '../../../../src/engine/model/errors.ts';
import { testTerminal } from '../../../fixtures/cli/test-terminal.ts';

const error = new WfError('E_TRACES', 'traces are not exported', { hint: 'Check the collector.' });
const WARNING = 'warning E_TRACES: traces are not exported\n  next: Check the collector.\n';

test('a warning during a command is printed at once, and never into the live view of a terminal', () => {
  const pipe = testTerminal();
  const piped = lateWarnings(pipe.err);
  piped.report(error);
  expect(pipe.written.err).toBe(WARNING);
  piped.end();
  expect(pipe.written.err).toBe(WARNING);

  const terminal = testTerminal({ columns: 80, env: { NO_COLOR: '1' } });
  const shown = lateWarnings(terminal.err);
  shown.report(error);
  expect(terminal.written.err).toBe('');
  shown.end();
  expect(terminal.written.err).toBe(WARNING);
});
