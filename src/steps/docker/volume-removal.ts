import { WfError } from '../../engine/model/errors.ts';
import type { VolumeInfo } from '../../engine/ports/docker.ts';
import type { HostContext } from '../../engine/workflow/step.ts';
import { type FolderContent, folderContent } from '../../host/files/folder-content.ts';
import { isOurs } from './engine/ownership.ts';
import { shortId } from './names.ts';

/**
 * Refuses to remove a volume that a container uses, and one with data unless `withData`. The run created it empty, so its data came
 * later.
 * @throws WfError E_FOREIGN, E_RESIDUE, E_HOST_STATE_UNKNOWN
 */
export async function requireRemovable(volume: VolumeInfo, withData: boolean, context: HostContext): Promise<void> {
  const { name } = volume;
  const containers = await context.host.docker.listContainers();
  const user = containers.find(({ volumes = [] }) => volumes.includes(name));
  if (user !== undefined) {
    const isOwn = isOurs(user, context.run);
    throw new WfError(
      isOwn ? 'E_RESIDUE' : 'E_FOREIGN',
      `container ${user.name} (${shortId(user.id)})${isOwn ? '' : `, which run ${context.run} did not create,`} uses volume ${name}`,
      {
        hint: `Remove it with \`docker rm --force ${user.name}\` if it is not needed, then \`wf rollback ${context.run}\`.`,
        details: { container: user.id },
      },
    );
  }
  if (withData) return;
  const content = contentOf(volume);
  if (content.found === 'empty') return;
  const [code, what] =
    content.found === 'unknown'
      ? (['E_HOST_STATE_UNKNOWN', `it is unknown whether volume ${name} has data: ${content.reason}`] as const)
      : (['E_RESIDUE', `volume ${name} has data (${content.entries} entries): wf does not remove it`] as const);
  throw new WfError(code, what, {
    hint:
      `Remove it with its data by \`docker volume rm ${name}\`, then \`wf rollback ${context.run}\`; or keep it with ` +
      `\`wf settle ${context.run} CHANGE --as kept --reason TEXT\`. \`dataOnUndo: 'remove'\` lets the undo remove it.`,
    details: { volume: name },
  });
}

/** Reads the folder of a volume, but only if it certainly belongs to this engine: a remote engine may have a folder with the same path. */
function contentOf({ mountpoint, createdAt, driver }: VolumeInfo): FolderContent {
  if (driver !== 'local') return { found: 'unknown', reason: `its driver is ${driver}` };
  const created = createdAt === null ? Number.NaN : Date.parse(createdAt);
  return folderContent(mountpoint, (times) =>
    times.some((time) => Math.floor(time / 1000) === Math.floor(created / 1000))
      ? undefined
      : `${mountpoint} is not the folder of that volume on this machine`,
  );
}
