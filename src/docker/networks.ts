import { WfError } from '../engine/model/errors.ts';
import type { DockerPort, NetworkInfo } from '../engine/ports/docker.ts';
import { firstHostOf } from '../host/ip/subnet.ts';
import { createdAnswer, networkAnswer, networkListAnswer } from './answers/answers.ts';
import { parseAnswer } from './answers/parse-answer.ts';
import type { Connection } from './connection/connection.ts';
import { isObjectId } from './object-id.ts';

type NetworkCalls = Pick<
  DockerPort,
  'listNetworks' | 'networks' | 'network' | 'createNetwork' | 'removeNetwork' | 'connectNetwork' | 'disconnectNetwork'
>;

/** Returns the network calls of an engine. */
export function networkCalls({ read, readOrNull, write, writeOrNull }: Connection): NetworkCalls {
  async function list() {
    const answer = await read('list networks', (client, abortSignal) => client.listNetworks({ abortSignal }));
    return parseAnswer(networkListAnswer(), answer, 'docker network ls');
  }

  // The list does not contain the members, and its entries may be gone a moment later.
  async function byId(id: string): Promise<NetworkInfo | null> {
    const answer = await readOrNull(`inspect network ${id}`, (client) => client.getNetwork(id).inspect());
    return answer === null ? null : parseAnswer(networkAnswer(), answer, `docker network inspect ${id}`);
  }

  return {
    listNetworks: list,

    async networks(name) {
      const listed = (await list()).filter((network) => name === undefined || network.name === name);
      const found = await Promise.all(listed.map(({ id }) => byId(id)));
      return found.filter((network) => network !== null);
    },

    async network(idOrName) {
      if (isObjectId(idOrName)) return byId(idOrName);
      // Searches the list for the exact name, because an inspect by name also matches the beginning of an id.
      const matches = (await list()).filter(({ id, name }) => id === idOrName || name === idOrName);
      const [match, ...others] = matches;
      if (match === undefined) return null;
      if (others.length > 0) {
        const ids = matches.map(({ id }) => id.slice(0, 12)).join(', ');
        throw new WfError('E_DOCKER', `${matches.length} networks have the name ${idOrName}: ${ids}`, {
          hint: 'Remove all but one by id: `docker network rm ID`.',
          details: { ids: matches.map(({ id }) => id) },
        });
      }
      return byId(match.id);
    },

    async createNetwork({ name, subnet, labels, driver = 'bridge', options = {}, attachable = false }) {
      const answer = await write(`create network ${name}`, (client, abortSignal) =>
        client.createNetwork({
          Name: name,
          Driver: driver,
          CheckDuplicate: true,
          Labels: { ...labels },
          Options: { ...options },
          ...(driver === 'overlay' ? { Attachable: attachable } : {}),
          // Set explicitly: engines before 26 do not report the gateway that they choose in a given subnet.
          ...(subnet === null ? {} : { IPAM: { Config: [{ Subnet: subnet, Gateway: firstHostOf(subnet) }] } }),
          abortSignal,
        }),
      );
      return parseAnswer(createdAnswer(), answer, `docker network create ${name}`);
    },

    async removeNetwork(id) {
      await writeOrNull(`remove network ${id}`, (client, abortSignal) => client.getNetwork(id).remove({ abortSignal }));
    },

    async connectNetwork({ containerId, networkId, ipv4, aliases, options }) {
      await write(`connect container ${containerId} to network ${networkId}`, (client, abortSignal) => {
        const request = {
          Container: containerId,
          EndpointConfig: {
            ...(ipv4 === null ? {} : { IPAMConfig: { IPv4Address: ipv4 } }),
            Aliases: [...aliases],
            DriverOpts: { ...options },
          },
          abortSignal,
        };
        return client.getNetwork(networkId).connect(request);
      });
    },

    async disconnectNetwork({ containerId, networkId }) {
      try {
        await writeOrNull(`disconnect container ${containerId} from network ${networkId}`, (client, abortSignal) => {
          const request = { Container: containerId, Force: false, abortSignal };
          return client.getNetwork(networkId).disconnect(request);
        });
      } catch (thrown) {
        if (!(thrown instanceof WfError && /is not connected to (?:the )?network/i.test(thrown.message))) throw thrown;
      }
    },
  };
}
