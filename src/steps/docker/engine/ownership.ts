import { WfError } from '../../../engine/model/errors.ts';
import { RUN_LABEL } from '../../../engine/model/identity/mark.ts';
import type { RunId } from '../../../engine/model/ids.ts';
import type { ContainerInfo, NetworkInfo, VolumeInfo } from '../../../engine/ports/docker.ts';
import { shortId } from '../names.ts';

interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
}

/** Returns whether the object carries this run's mark. */
export function isOurs(object: Labelled, run: RunId): boolean {
  return object.labels[RUN_LABEL] === run;
}

/** Returns whether a container known by its id carries this run's mark, or may carry it because its image is gone. */
export function mayBeOurs(container: ContainerInfo, run: RunId): boolean {
  return isOurs(container, run) || container.doubtfulRun === run;
}

/** Returns the run whose mark the object carries, or undefined. */
export function runOf(object: Labelled): string | undefined {
  return object.labels[RUN_LABEL];
}

/** Describes the creator of an object: `created by run k3v9x2mq7p` or `not created by wf`. */
function ownerOf(object: Labelled): string {
  const run = runOf(object);
  return run === undefined ? 'not created by wf' : `created by run ${run}`;
}

/** Returns the error for a name that another container has, with the facts that identify its owner. */
export function containerNameInUse(container: ContainerInfo): WfError {
  const { id, name, image, status, startedAt } = container;
  const since = container.running ? `, running since ${startedAt.replace(/\.\d+Z$/, 'Z')}` : `, ${status}`;
  return new WfError(
    'E_NAME_IN_USE',
    `container name ${name} is in use by ${shortId(id)} (image ${image}${since}, ${ownerOf(container)})`,
    {
      hint: removalHint(container, `docker rm --force ${shortId(id)}`),
      details: { id, name, image, run: runOf(container) ?? null },
    },
  );
}

/** Returns the error for a name that another network has, with the facts that identify its owner. */
export function networkNameInUse(network: NetworkInfo): WfError {
  const { id, name, driver, subnets, members } = network;
  const subnet = subnets[0] === undefined ? '' : `, subnet ${subnets[0].subnet}`;
  const attached = members.length === 0 ? '' : `, containers ${members.map((member) => member.name).join(', ')}`;
  return new WfError(
    'E_NAME_IN_USE',
    `network name ${name} is in use by ${shortId(id)} (driver ${driver}${subnet}${attached}, ${ownerOf(network)})`,
    {
      hint: removalHint(network, `docker network rm ${shortId(id)}`),
      details: { id, name, run: runOf(network) ?? null },
    },
  );
}

/** Returns the error for a name that another volume has. */
export function volumeNameInUse(volume: VolumeInfo): WfError {
  const { name, driver } = volume;
  return new WfError('E_NAME_IN_USE', `volume name ${name} is in use (driver ${driver}, ${ownerOf(volume)})`, {
    hint: removalHint(volume, `docker volume rm ${name}`),
    details: { name, run: runOf(volume) ?? null },
  });
}

/** Returns the error for an object with a recorded name that does not belong to this run. */
export function withoutMark(what: 'container' | 'network', object: ContainerInfo | NetworkInfo, run: RunId): WfError {
  const { id, name } = object;
  const owner = runOf(object);
  return new WfError('E_FOREIGN', `${what} ${name} (${shortId(id)}) does not carry the mark of run ${run}`, {
    hint:
      owner === undefined
        ? 'wf left it unchanged.'
        : `It belongs to run ${owner}. Undo that run with \`wf rollback ${owner}\`.`,
    details: { id, name },
  });
}

function removalHint(object: Labelled, removal: string): string {
  const run = runOf(object);
  if (run !== undefined) return `Undo that run with \`wf rollback ${run}\`, or choose another name or prefix.`;
  return `Choose another name or prefix; or, if it is not needed, remove it with \`${removal}\`.`;
}
