import { asWfError, type WfError } from '../../../engine/model/errors.ts';
import type { FleetControl } from '../../../fleet/fleet-transport.ts';
import type { FleetRun } from '../../../fleet/model/fleet-run.ts';
import { copyOf } from '../../../fleet/record/fleet-copy.ts';
import { warningLines } from '../../../review/text/error-text.ts';
import { oneLine } from '../../../review/text/format/plain-text.ts';
import { type TextSink, writeLines } from '../../output/terminal.ts';
import type { Services } from '../../services/services.ts';

/** Returns a control that copies each fleet run to the history when it sees that it has ended. The first copy that fails is a warning. */
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

/** Warns that copies take the place of what Restate does not have, or cannot give. */
export function warnOfCopies(error: WfError, { places }: Pick<Services, 'places'>, warnings: TextSink): void {
  const lines = warningLines(error.toRecord(), warnings.style);
  writeLines(warnings, [...lines, `Shown from the copies in ${oneLine(places.database)}.`]);
}
