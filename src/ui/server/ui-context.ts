import type { Owner } from '../../engine/model/identity/owner.ts';
import type { Json } from '../../engine/model/json.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { FleetControl } from '../../fleet/fleet-transport.ts';
import type { HistoryReader } from '../../history/reader.ts';
import type { StartedWfCommand } from '../../library/commands/wf-command.ts';
import type { Commands } from '../commands/commands.ts';
import type { WorkflowCatalog } from '../commands/workflow-catalog.ts';
import type { Reports } from '../views/reports.ts';

/** Access to the fleet runs as they are now. */
export interface PageFleet {
  /** Address of the fleet, for suggested commands. */
  readonly url: string;
  readonly control: Pick<FleetControl, 'show' | 'follow' | 'fleets' | 'demand'>;
  /** The name under which requests are recorded, such as `ann@ops1`. */
  readonly by: string;
}

/** The services that the page and its API use. */
export interface UiContext {
  readonly database: string;
  /** The same if suggested commands must name it, else null. */
  readonly namedDatabase: string | null;
  readonly version: string;
  readonly clock: Clock;
  isAlive(owner: Owner): boolean;
  readonly pidNamespace: string | undefined;
  /** Returns the history as it is now; undefined while there is no database. @throws WfError E_DATABASE* */
  history(): Promise<HistoryReader | undefined>;
  /** Starts a command of wf on this database, as a process of its own. @param stdin inputs of a run, which a command line would disclose */
  command(argv: readonly string[], stdin?: Json): StartedWfCommand;
  /** Returns the metrics of this process, for Prometheus. @throws WfError E_DATABASE* */
  metrics(): Promise<{ readonly mediaType: string; readonly text: string }>;
  /** Null if the page shows only copies of fleet runs. */
  readonly fleet: PageFleet | null;
  readonly reports: Reports;
  /** Runs such commands, a bounded number of them at once. */
  readonly commands: Commands;
  /** The workflows that the commands find. */
  readonly catalog: WorkflowCatalog;
  /** Whether requests may change anything. */
  readonly allowActions: boolean;
  /** The path below which everything is served: empty, or `/wf`. */
  readonly basePath: string;
}
