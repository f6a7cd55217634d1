import type { Json, JsonObject } from '../../../engine/model/json.ts';
import {
  hasIpv6,
  readLegacyTables,
  readNamedNamespaces,
  readSysctls,
} from '../../../fingerprint/sections/settings/network-settings.ts';
import { askQuestion } from '../../../host/probe-agent/probe-questions.mjs';
import type { Handler } from '../protocol/peer.ts';
import {
  takeNumber,
  takeObject,
  takeText,
  takeTextMap,
  takeTextOrNull,
  takeTexts,
} from '../protocol/request-members.ts';
import type { Containers } from './containers/containers.ts';
import { imageOf, requireImage } from './containers/images.ts';
import { takeRecordedCommands } from './executed-commands.ts';
import { type Network, type Networks, networkInfo } from './network/networks.ts';

/** Returns the handlers of the host for which this process acts as dockerd: the private host itself, or a named host in it. */
export function callsOf(networks: Networks, containers: Containers): Readonly<Record<string, Handler>> {
  const info = (network: Network) => networkInfo(network, containers.membersOf(network));
  return {
    settings: () => ({
      sysctls: [...readSysctls()],
      namespaces: [...readNamedNamespaces()],
      ipv6: hasIpv6(),
      legacyTables: { ...readLegacyTables() },
    }),
    image(asked) {
      // A run asks for images before its first change: it is about to start containers.
      containers.provideSpare();
      return plain(imageOf(takeText(asked, 'reference')));
    },
    requireImage: (asked) => plain(requireImage(takeText(asked, 'reference'))),
    networks: () => plain(networks.all().map(info)),
    network: (asked) => {
      const network = networks.byId(takeText(asked, 'id'));
      return network === undefined ? null : plain(info(network));
    },
    networkNamed: (asked) => {
      const network = networks.byName(takeText(asked, 'name'));
      return network === undefined ? null : plain(info(network));
    },
    createNetwork: (asked) =>
      networks.create({
        name: takeText(asked, 'name'),
        subnet: takeTextOrNull(asked, 'subnet'),
        labels: takeTextMap(asked, 'labels'),
      }),
    removeNetwork: async (asked) => {
      await networks.remove(takeText(asked, 'id'));
      return null;
    },
    containers: () => plain(containers.all()),
    container: (asked) => plain(containers.byId(takeText(asked, 'id')) ?? null),
    containerNamed: (asked) => plain(containers.byName(takeText(asked, 'name')) ?? null),
    containerOf: (asked) => containers.ofProcess(takeNumber(asked, 'pid')) ?? null,
    createContainer: (asked) =>
      containers.create({
        name: takeText(asked, 'name'),
        image: takeText(asked, 'image'),
        command: takeTexts(asked, 'command'),
        networkId: takeText(asked, 'networkId'),
        labels: takeTextMap(asked, 'labels'),
      }),
    startContainer: async (asked) => {
      await containers.start(takeText(asked, 'id'));
      return null;
    },
    executedCommands: (asked) => [...takeRecordedCommands(takeText(asked, 'id'))],
    logs: (asked) => containers.logs(takeText(asked, 'id'), takeNumber(asked, 'lastLines')),
    removeContainer: async (asked) => {
      await containers.remove(takeText(asked, 'id'));
      return null;
    },
    exec: (asked) => forward(containers, asked, 'exec', takeNumber(asked, 'timeoutMs')),
    ask: async (asked) => {
      const request = takeObject(asked, 'request');
      const limitMs = takeNumber(asked, 'limitMs');
      if (asked['id'] !== null) {
        await containers.meetNeighbours(takeText(asked, 'id'));
        return await forward(containers, asked, 'ask', limitMs);
      }
      return askQuestion(request, performance.now()).then(plain);
    },
  };
}

/** Margin between the limit of a container and that of this process. */
const SPARE_MS = 1_000;

async function forward(containers: Containers, asked: JsonObject, name: string, limitMs: number): Promise<Json> {
  const { peer } = await containers.running(takeText(asked, 'id'));
  return await peer.call(name, asked, limitMs + SPARE_MS);
}

/** Returns a value as the connection sends it. The value consists only of texts, numbers and null. */
function plain(value: object | null): Json {
  return JSON.parse(JSON.stringify(value));
}
