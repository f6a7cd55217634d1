import { z } from 'zod';
import { WfError } from '../engine/model/errors.ts';
import type { DockerPort, RegistryCredentials } from '../engine/ports/docker.ts';
import { imageAnswer } from './answers/answers.ts';
import { parseAnswer } from './answers/parse-answer.ts';
import type { Connection } from './connection/connection.ts';

type ImageCalls = Pick<DockerPort, 'image' | 'pullImage' | 'removeImage' | 'saveImage' | 'loadImages'>;

/** Returns the image calls of an engine. */
export function imageCalls({ read, readOrNull, write, writeOrNull }: Connection): ImageCalls {
  return {
    async image(reference) {
      checkReference(reference);
      const answer = await readOrNull(`inspect image ${reference}`, (client) => client.getImage(reference).inspect());
      return answer === null ? null : parseAnswer(imageAnswer(), answer, `docker image inspect ${reference}`);
    },

    async pullImage(reference, onProgress, signal, credentials = null) {
      checkReference(reference);
      try {
        // The deadline of the connection covers only the beginning of the response; the pull itself may take longer.
        const stream = await write(`pull image ${reference}`, (client) =>
          client.pull(reference, { abortSignal: signal, ...authOf(reference, credentials) }),
        );
        await followPull(stream, onProgress, signal);
      } catch (thrown) {
        throw pullError(reference, thrown, signal, credentials !== null);
      }
    },

    async removeImage(reference) {
      checkReference(reference);
      await writeOrNull(`remove image ${reference}`, (client, abortSignal) =>
        client.getImage(reference).remove({ abortSignal }),
      );
    },

    async saveImage(reference) {
      checkReference(reference);
      return read(`save image ${reference}`, (client) => client.getImage(reference).get());
    },

    async loadImages(saved) {
      try {
        // As for a pull, the deadline covers only the beginning of the response.
        const stream = await write('load images', (client) => client.loadImage(saved));
        await followPull(stream, () => {}, new AbortController().signal);
      } catch (thrown) {
        if (!(thrown instanceof PullRefused)) throw thrown;
        throw new WfError('E_IMAGE_UNAVAILABLE', `the engine cannot load the images: ${thrown.message}`, {
          hint: 'Write the file with `docker save IMAGE... --output FILE`.',
          cause: thrown,
        });
      }
    },
  };
}

const progressLine = z.object({
  status: z.string().optional(),
  id: z.string().optional(),
  progress: z.string().optional(),
  error: z.string().optional(),
});

const MAX_LINE = 1024 * 1024;

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The schema refuses invalid JSON.
    return line;
  }
}

/** Reads the engine's JSON lines to their end. An error is also a line, with status 200. */
async function followPull(
  stream: NodeJS.ReadableStream,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  let rest = '';
  const take = (line: string) => {
    if (line.trim() === '') return;
    const { status, id, progress, error } = parseAnswer(progressLine, jsonOf(line), 'docker pull');
    if (error !== undefined) throw new PullRefused(error);
    const words = [id === undefined ? status : `${id}: ${status ?? ''}`, progress];
    onProgress(words.filter((word) => word !== undefined).join(' '));
  };
  for await (const chunk of stream) {
    signal.throwIfAborted();
    const lines = `${rest}${chunk.toString()}`.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) parseAnswer(progressLine, `a line of more than ${MAX_LINE} characters`, 'docker pull');
    for (const line of lines) take(line);
  }
  take(rest);
}

class PullRefused extends Error {}

function authOf(reference: string, credentials: RegistryCredentials | null) {
  if (credentials === null) return {};
  const { username, password } = credentials;
  return { authconfig: { username, password, serveraddress: registryOf(reference) } };
}

/** Returns the registry of an image: a first part with a dot or a port, as the docker client distinguishes it from a Docker Hub user. */
function registryOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isHost ? first : 'https://index.docker.io/v1/';
}

function pullError(reference: string, thrown: unknown, signal: AbortSignal, hasCredentials: boolean): unknown {
  if (signal.aborted) {
    return new WfError('E_STEP_STOPPED', `the pull of ${reference} was stopped`, {
      hint: 'Pull it again: the engine keeps the layers that are complete.',
    });
  }
  const refusedByEngine =
    thrown instanceof WfError && (thrown.code === 'E_DOCKER' || thrown.code === 'E_IMAGE_UNAVAILABLE');
  if (!(thrown instanceof PullRefused) && !refusedByEngine) return thrown;
  const reason = thrown.message.replace(`cannot pull image ${reference}: `, '');
  return new WfError('E_IMAGE_UNAVAILABLE', `image ${reference} is missing and cannot be pulled: ${reason}`, {
    hint: `Try \`docker pull ${reference}\` (after \`docker login\` if the registry requires it)${hasCredentials ? ', correct the credentials in `auth`' : ', give the step `auth`'}, or choose an image that \`docker images\` lists.`,
    // A slow registry or a broken connection may succeed next time; an unknown registry or a refusal will not.
    transient: /timeout|timed out|deadline exceeded|connection reset|unexpected EOF|too many requests/i.test(reason),
    cause: thrown,
  });
}

// dockerode puts the reference into the request path unescaped.
function checkReference(reference: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$/.test(reference) && !reference.split('/').includes('..')) return;
  throw new WfError('E_INPUT', `"${reference}" is not an image reference`, {
    hint: 'Write it as NAME, NAME:TAG or REGISTRY/NAME:TAG, such as hashicorp/http-echo or alpine:3.20.',
  });
}
