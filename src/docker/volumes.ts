import type { DockerPort } from '../engine/ports/docker.ts';
import { volumeAnswer, volumeListAnswer } from './answers/answers.ts';
import { parseAnswer } from './answers/parse-answer.ts';
import type { Connection } from './connection/connection.ts';

type VolumeCalls = Pick<DockerPort, 'volumes' | 'volume' | 'createVolume' | 'removeVolume'>;

/** Returns the volume calls of an engine. Names are those of `volumeNameSchema`: dockerode puts them into the path unescaped. */
export function volumeCalls({ read, readOrNull, write, writeOrNull }: Connection): VolumeCalls {
  async function volume(name: string) {
    const answer = await readOrNull(`inspect volume ${name}`, (client, abortSignal) =>
      client.getVolume(name).inspect({ abortSignal }),
    );
    return answer === null ? null : parseAnswer(volumeAnswer(), answer, `docker volume inspect ${name}`);
  }

  return {
    volume,

    async volumes() {
      const answer = await read('list volumes', (client, abortSignal) => client.listVolumes({ abortSignal }));
      return parseAnswer(volumeListAnswer(), answer, 'docker volume ls');
    },

    async createVolume({ name, labels }) {
      const answer = await write(`create volume ${name}`, async (client, abortSignal) => {
        const created = await client.createVolume({ Name: name, Driver: 'local', Labels: { ...labels }, abortSignal });
        return created.inspect({ abortSignal });
      });
      return parseAnswer(volumeAnswer(), answer, `docker volume create ${name}`);
    },

    async removeVolume(name) {
      await writeOrNull(`remove volume ${name}`, (client, abortSignal) =>
        client.getVolume(name).remove({ abortSignal }),
      );
    },
  };
}
