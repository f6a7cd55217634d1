import { WfError } from '../../../engine/model/errors.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import { RUN_LABEL } from '../../../engine/model/mark.ts';
import type { ContainerInfo, NetworkInfo } from '../../../engine/ports/docker.ts';
import { shortId } from '../names.ts';

interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether the object carries this run's mark. */
export function isOurs(object: Labelled, run: RunId): boolean {
  return object.labels[RUN_LABEL] === run;
}

/** Whether a container that is known by its id carries this run's mark, be it that nobody can tell since its image is gone. */
export function mayBeOurs(container: ContainerInfo, run: RunId): boolean {
  return isOurs(container, run) || container.doubtfulRun === run;
}

/** The run whose mark the object carries, or undefined. */
export function runOf(object: Labelled): string | undefined {
  return object.labels[RUN_LABEL];
}

/** `run k3v9x2mq7p`, or `nobody that wf knows`. */
function ownerOf(object: Labelled): string {
  const run = runOf(object);
  return run === undefined ? 'not made by wf' : `made by run ${run}`;
}

/** The error for a name that another container has, with all that tells whose it is. */
export function containerNameInUse(container: ContainerInfo): WfError {
  const { id, name, image, status, startedAt } = container;
  const since = container.running ? `, running since ${startedAt.replace(/\.\d+Z$/, 'Z')}` : `, ${status}`;
  return new WfError(
    'E_NAME_IN_USE',
    `container name ${name} is in use by ${shortId(id)} (image ${image}${since}, ${ownerOf(container)})`,
    {
      hint: wayOut(container, `docker rm --force ${shortId(id)}`),
      details: { id, name, image, run: runOf(container) ?? null },
    },
  );
}

/** The error for a name that another network has, with all that tells whose it is. */
export function networkNameInUse(network: NetworkInfo): WfError {
  const { id, name, driver, subnets, members } = network;
  const subnet = subnets[0] === undefined ? '' : `, subnet ${subnets[0].subnet}`;
  const attached = members.length === 0 ? '' : `, containers ${members.map((member) => member.name).join(', ')}`;
  return new WfError(
    'E_NAME_IN_USE',
    `network name ${name} is in use by ${shortId(id)} (driver ${driver}${subnet}${attached}, ${ownerOf(network)})`,
    {
      hint: wayOut(network, `docker network rm ${shortId(id)}`),
      details: { id, name, run: runOf(network) ?? null },
    },
  );
}

/** The error for an object that undoing was led to, and that is not this run's. */
export function withoutMark(what: 'container' | 'network', object: ContainerInfo | NetworkInfo, run: RunId): WfError {
  const { id, name } = object;
  const owner = runOf(object);
  return new WfError('E_FOREIGN', `${what} ${name} (${shortId(id)}) does not carry the mark of run ${run}`, {
    hint: owner === undefined ? 'It was left as it is.' : `It belongs to run ${owner}: \`wf rollback ${owner}\`.`,
    details: { id, name },
  });
}

function wayOut(object: Labelled, removal: string): string {
  const run = runOf(object);
  if (run !== undefined) return `Undo that run with \`wf rollback ${run}\`, or choose another name or prefix.`;
  return `Choose another name or prefix, or, where nobody needs it, remove it with \`${removal}\`.`;
}
