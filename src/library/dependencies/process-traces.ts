import type { WfError } from '../../engine/model/errors.ts';
import { systemClock } from '../../host/machine/clock.ts';
import { machineName } from '../../host/machine/machine-name.ts';
import { openTraces, type Traces } from '../../telemetry/open-traces.ts';
import { version } from '../version.ts';

/** Opens the traces of this process, if its environment asks for them. @param report receives the error if they cannot be exported */
export function processTraces(report: (error: WfError) => void): Promise<Traces | undefined> {
  return openTraces({ env: process.env, version, host: machineName(), clock: systemClock, report });
}
