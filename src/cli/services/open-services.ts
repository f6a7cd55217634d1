import { findUnmarked, findWorkflowFiles, PROJECT_MARKER, type WorkflowFile } from '../../definition/find-files.ts';
import type { LoadedFile } from '../../definition/load.ts';
import { asWfError, WfError } from '../../engine/model/errors.ts';
import type { Engine, EngineDependencies } from '../../engine/run/engine.ts';
import type { HostPorts } from '../../engine/workflow/step.ts';
import type { History } from '../../history/history.ts';
import { systemClock } from '../../host/machine/clock.ts';
import { isAlive, ownPidNamespace } from '../../host/processes/process.ts';
import { didYouMean } from '../../review/text/did-you-mean.ts';
import type { Traces } from '../../telemetry/open-traces.ts';
import { findPlaces } from './places.ts';
import type { HistoryOptions, OpenServices, Services, WorkflowSummary } from './services.ts';

type OpenHistory = (path: string, options?: HistoryOptions) => History;

/** Creates the real services. Imports each at its first use, so that a command loads only what it uses. */
export const openServices: OpenServices = async ({ database, report }) => {
  const places = findPlaces(database);
  const opened: { close(): void }[] = [];
  const engines: Engine[] = [];
  let history: History | undefined;
  let hostPorts: Promise<HostPorts> | undefined;

  const keepOpen = <Port extends { close(): void }>(port: Port): Port => {
    opened.push(port);
    return port;
  };

  function openOnce(openHistory: OpenHistory, options?: HistoryOptions): History {
    history ??= keepOpen(openHistory(places.database, options));
    return history;
  }

  const files = () => findWorkflowFiles(places.workflowFolders);
  const workflowFiles = () => [...places.workflowFolders, ...files().map(({ file }) => file)];

  let cache: ((file: WorkflowFile) => Promise<LoadedFile>) | undefined;

  async function load(file: WorkflowFile): Promise<LoadedFile> {
    const { workflowCache } = await import('./workflow-cache.ts');
    cache ??= workflowCache(places);
    return cache(file);
  }

  async function summarize(file: WorkflowFile): Promise<WorkflowSummary> {
    try {
      const { workflow } = await load(file);
      const { name, version, description } = workflow;
      return { name, version, description, file: file.file, error: null };
    } catch (thrown) {
      return {
        name: file.name,
        version: null,
        description: null,
        file: file.file,
        error: asWfError(thrown).toRecord(),
      };
    }
  }

  let traces: Traces | undefined;

  async function engineDependencies(): Promise<EngineDependencies> {
    const [runtimes, { openHistory }, { engineDependencies }, { processTraces }] = await Promise.all([
      services.runtimes(),
      import('../../history/open.ts'),
      import('../../library/dependencies/engine-dependencies.ts'),
      import('../../library/dependencies/process-traces.ts'),
    ]);
    traces ??= await processTraces(report);
    // Opened when a run is created: a refused start leaves no database.
    return engineDependencies(runtimes, places.database, traces, () => openOnce(openHistory), workflowFiles);
  }

  const services: Services = {
    clock: systemClock,
    places,
    isAlive,
    get pidNamespace() {
      return ownPidNamespace();
    },
    history: async (options) => openOnce((await import('../../history/open.ts')).openHistory, options),
    async historyForReading(options) {
      const { openReadOnly } = await import('../../history/open-read-only.ts');
      const reader =
        openReadOnly(places.database, options) ??
        (await import('../../history/open.ts')).openHistoryForReading(places.database, options);
      return reader === undefined ? undefined : keepOpen(reader);
    },
    async engine() {
      const [{ createEngine }, dependencies] = await Promise.all([
        import('../../engine/run/create-engine.ts'),
        engineDependencies(),
      ]);
      const engine = createEngine(dependencies);
      engines.push(engine);
      return engine;
    },
    workflows: () => Promise.all(files().map(summarize)),
    async workflow(name) {
      const file = files().find((candidate) => candidate.name === name);
      if (file !== undefined) return load(file);
      const names = files().map((candidate) => candidate.name);
      throw new WfError('E_WORKFLOW_NOT_FOUND', `there is no workflow "${name}"`, {
        hint: `${didYouMean(name, names)}Workflows: ${names.join(', ') || 'none'}. Searched: ${places.workflowFolders.join(' and ')}.${unmarkedHint()}`,
      });
    },
    async stepRunners() {
      const { ownStepRunners } = await import('../../library/dependencies/step-runners.ts');
      return [...(await ownStepRunners()).values()];
    },
    async projectStepRunners() {
      const { projectStepRunners } = await import('./project-step-runners.ts');
      const own = (await services.stepRunners()).map(({ kind }) => kind);
      return projectStepRunners(places, new Set(own), load);
    },
    requirements: async () => (await import('../../runtime/requirements.ts')).runtimeRequirements(systemClock),
    hostPorts() {
      hostPorts ??= import('../../runtime/machine-ports.ts').then(({ machinePorts }) =>
        machinePorts(process.env, places.database),
      );
      return hostPorts;
    },
    async runtimes() {
      const [{ createRuntimes }, machine] = await Promise.all([
        import('../../runtime/runtimes.ts'),
        services.hostPorts(),
      ]);
      return createRuntimes(machine);
    },
    noticesSent(stop) {
      const sending = engines.flatMap((engine) => engine.noticesSent(stop) ?? []);
      return sending.length === 0 ? undefined : Promise.all(sending);
    },
    async close() {
      for (const port of opened.splice(0).reverse()) port.close();
      await traces?.flush();
    },
  };
  return services;
};

/** Explains a folder `workflows` without the marker of a project: it may belong to another tool. */
function unmarkedHint(): string {
  const folder = findUnmarked(process.cwd());
  if (folder === undefined) return '';
  return ` ${folder}/workflows is not searched: \`touch ${folder}/${PROJECT_MARKER}\`, or a package.json that depends on wf-engine, makes ${folder} a project.`;
}
