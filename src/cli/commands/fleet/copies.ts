import { asWfError, type WfError } from '../../../engine/model/errors.ts';
import type { FleetControl } from '../../../fleet/fleet-transport.ts';
import type { FleetRun } from '../../../fleet/model/fleet-run.ts';
import { copyOf } from '../../../fleet/record/fleet-copy.ts';
import { warningLines } from '../../../review/text/error-text.ts';
import { oneLine } from '../../../review/text/format/plain-text.ts';
import { type TextSink, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

/** Wraps a control: copies each ended fleet run that it returns to the history. Warns of the first copy that fails. */
export function copying(
  control: FleetControl,
  { history }: Pick<Services, 'history'>,
  warnings: TextSink,
): FleetControl {
  let hasWarned = false;

  async function copied(fleet: FleetRun): Promise<FleetRun> {
    const copy = copyOf(fleet);
    if (copy === undefined) return fleet;
    try {
      (await history()).putFleetCopy(copy);
    } catch (thrown) {
      if (hasWarned) return fleet;
      hasWarned = true;
      writeLines(warnings, warningLines(asWfError(thrown).toRecord(), warnings.style));
    }
    return fleet;
  }
  return {
    ...control,
    start: async (...given) => copied(await control.start(...given)),
    show: async (...given) => copied(await control.show(...given)),
    demand: async (...given) => copied(await control.demand(...given)),
  };
}

/** Warns that the command shows copies, because Restate does not have the fleet runs or does not answer. */
export function warnOfCopies(error: WfError, { places }: Pick<Services, 'places'>, warnings: TextSink): void {
  const lines = warningLines(error.toRecord(), warnings.style);
  writeLines(warnings, [...lines, `Shown from the copies in ${oneLine(places.database)}.`]);
}
