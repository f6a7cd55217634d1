import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { WfError } from '../engine/model/errors.ts';
import type { ContainerInfo, DockerPort } from '../engine/ports/docker.ts';
import { collectBounded } from '../host/commands/bounded-output.ts';
import { containerAnswer, containerListAnswer, createdAnswer } from './answers/answers.ts';
import { parseAnswer } from './answers/parse-answer.ts';
import type { Connection } from './connection/connection.ts';
import { creationOf } from './container-options.ts';
import type { Here } from './create-docker.ts';
import { isObjectId } from './object-id.ts';
import { withOwnMark } from './own-mark.ts';

type ContainerCalls = Pick<
  DockerPort,
  'listContainers' | 'containers' | 'container' | 'createContainer' | 'startContainer' | 'logs' | 'removeContainer'
>;

// A removal takes about 0.1 s; another removal in progress may wait for a slow storage driver.
const REMOVAL_DEADLINE_MS = 30_000;
const REMOVAL_POLL_MS = 50;

// With `ndots` set, the engine does not forward names without a dot. The empty search domain keeps programs from adding a dotted
// suffix.
const LOCAL_NAMES = { DnsOptions: ['ndots:1'], DnsSearch: ['.'] };

const MAX_LOG_BYTES = 64 * 1024;

/** Returns the container calls of an engine. @param here see createDockerAt */
export function containerCalls(
  { read, readOrNull, write, writeOrNull }: Connection,
  image: DockerPort['image'],
  here: Here,
): ContainerCalls {
  async function list() {
    const answer = await read('list containers', (client, abortSignal) =>
      client.listContainers({ all: true, abortSignal }),
    );
    return parseAnswer(containerListAnswer(), answer, 'docker ps --all');
  }

  async function byId(id: string): Promise<ContainerInfo | null> {
    const answer = await readOrNull(`inspect container ${id}`, (client, abortSignal) =>
      client.getContainer(id).inspect({ abortSignal }),
    );
    if (answer === null) return null;
    const { imageId, ...container } = parseAnswer(containerAnswer(), answer, `docker inspect ${id}`);
    const { pid, sandbox } = container;
    const found = { ...container, pid: here.pid(pid), sandbox: sandbox ? here.path(sandbox) : null };
    return withOwnMark(found, imageId, image);
  }

  async function untilGone(id: string): Promise<void> {
    const startedAt = performance.now();
    while ((await byId(id)) !== null) {
      if (performance.now() - startedAt > REMOVAL_DEADLINE_MS) {
        throw new WfError('E_DOCKER', `the removal of container ${id} does not finish`, {
          hint: `Try \`docker rm --force ${id}\`; if it fails, restart the Docker engine.`,
          transient: true,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, REMOVAL_POLL_MS));
    }
  }

  return {
    async listContainers() {
      return Promise.all((await list()).map((container) => withOwnMark(container, container.imageId, image)));
    },

    async containers() {
      const found = await Promise.all((await list()).map(({ id }) => byId(id)));
      return found.filter((container) => container !== null);
    },

    async container(idOrName) {
      if (isObjectId(idOrName)) return byId(idOrName);
      // Searches the list for the exact name, because an inspect by name also matches the beginning of an id.
      const match = (await list()).find(({ id, name }) => id === idOrName || name === idOrName);
      return match === undefined ? null : byId(match.id);
    },

    async createContainer({ name, image, command, networkId, labels, keepsNamesLocal = false, options }) {
      const { config = {}, host = {} } = options === undefined ? {} : creationOf(options);
      const answer = await write(`create container ${name}`, async (client, abortSignal) => {
        const body = {
          Image: image,
          Cmd: [...command],
          Labels: { ...options?.labels, ...labels },
          ...config,
          HostConfig: {
            NetworkMode: networkId,
            RestartPolicy: { Name: 'no' },
            ...host,
            ...(keepsNamesLocal ? LOCAL_NAMES : {}),
          },
        };
        // Without `_query` and `_body`, dockerode repeats the whole request, variables included, in its URL.
        const request = { _query: { name }, _body: body, abortSignal };
        const created = await client.createContainer(request);
        return { id: created.id };
      });
      return parseAnswer(createdAnswer(), answer, `docker create --name ${name}`);
    },

    async startContainer(id) {
      try {
        await write(`start container ${id}`, (client, abortSignal) => client.getContainer(id).start({ abortSignal }));
      } catch (thrown) {
        if (!isRunningAlready(thrown)) throw thrown;
      }
    },

    async logs(id, lastLines) {
      const answer = await readOrNull(`read the output of container ${id}`, async (client, abortSignal) => {
        const options = { stdout: true, stderr: true, tail: lastLines, follow: false, abortSignal } as const;
        return { frames: await client.getContainer(id).logs(options), client };
      });
      if (answer === null) return '';
      const both = new PassThrough();
      const output = collectBounded(both, MAX_LOG_BYTES);
      const source = new PassThrough();
      answer.client.modem.demuxStream(source, both, both);
      source.end(answer.frames);
      await finished(source);
      both.end();
      await finished(both);
      return output.text();
    },

    async removeContainer(id, anonymousVolumes) {
      const v = anonymousVolumes !== 'keep';
      try {
        await writeOrNull(`remove container ${id}`, (client, abortSignal) =>
          client.getContainer(id).remove({ force: true, v, abortSignal }),
        );
      } catch (thrown) {
        if (!(thrown instanceof WfError && /removal of container .* is already in progress/i.test(thrown.message)))
          throw thrown;
      }
      await untilGone(id);
    },
  };
}

// Status 304: the container is starting or running; dockerode reports that as an error.
function isRunningAlready(thrown: unknown): boolean {
  return thrown instanceof WfError && thrown.details['status'] === 304;
}
