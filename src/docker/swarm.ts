import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { WfError } from '../engine/model/errors.ts';
import { parseJson } from '../engine/model/json.ts';
import type { JoinToken, SwarmPort } from '../engine/ports/swarm.ts';
import { parseAnswer } from './answers/parse-answer.ts';
import {
  initAnswer,
  nodeSpecAnswer,
  nodesAnswer,
  servicesAnswer,
  stateAnswer,
  tokensAnswer,
} from './answers/swarm-answers.ts';
import type { Connection } from './connection/connection.ts';

/** All addresses, with the port of managers. */
const LISTEN = '0.0.0.0:2377';
/** The engine itself reports a refused join after 10 s. Without an answer it stops waiting after 20 s, but keeps trying. */
const JOIN_DEADLINE_MS = 12_000;
/** At the deadline the engine still waits for an answer of the manager. */
const NO_ANSWER = 'the Docker engine did not answer within';
const NO_NODE = 'the engine did not become a node within';
/** Each report of its state changes the version of a node; two in a row are rare. */
const UPDATE_ATTEMPTS = 5;

/** Returns the swarm calls of an engine. */
export function swarmCalls({ read, write, writeOrNull }: Connection): SwarmPort {
  return {
    async state() {
      const answer = await read('ask the engine for its swarm', (client) => client.info());
      return parseAnswer(stateAnswer(), answer, 'docker info');
    },

    async init({ advertiseAddress, listenAddress, dataPathPort, subnetPool, labels }) {
      const answer = await write('create a swarm', (client, abortSignal) =>
        client.swarmInit({
          ListenAddr: listenAddress ?? LISTEN,
          AdvertiseAddr: advertiseAddress,
          DataPathPort: dataPathPort,
          ...(subnetPool === null ? {} : { DefaultAddrPool: [subnetPool], SubnetSize: 24 }),
          Spec: { Name: 'default', Labels: { ...labels } },
          abortSignal,
        }),
      );
      return parseAnswer(initAnswer(), answer, 'docker swarm init');
    },

    async join({ token, managerAddress, advertiseAddress, listenAddress }) {
      try {
        await write(
          `join the swarm of ${managerAddress}`,
          (client, abortSignal) =>
            client.swarmJoin({
              ListenAddr: listenAddress ?? LISTEN,
              AdvertiseAddr: advertiseAddress,
              RemoteAddrs: [managerAddress],
              JoinToken: token.reveal(),
              abortSignal,
            }),
          JOIN_DEADLINE_MS,
        );
      } catch (thrown) {
        // The cause, the error of the request, contains the request.
        if (thrown instanceof WfError && thrown.code === 'E_DOCKER')
          throw cannotJoin(thrown.message.replace(NO_ANSWER, NO_NODE), token);
        throw thrown;
      }
    },

    async leave() {
      try {
        await write('leave the swarm', (client, abortSignal) =>
          client.swarmLeave({ _query: { force: true }, _body: {}, abortSignal }),
        );
      } catch (thrown) {
        if (!(thrown instanceof WfError && /not part of a swarm/i.test(thrown.message))) throw thrown;
      }
    },

    async joinToken(role) {
      const answer = await read('read the join token of the swarm', unloggedSwarm);
      const token = parseAnswer(tokensAnswer(), answer, 'docker swarm join-token')[role];
      return { reveal: () => token };
    },

    async nodes() {
      const answer = await read('list the nodes of the swarm', (client, abortSignal) =>
        client.listNodes({ ...{ abortSignal } }),
      );
      return parseAnswer(nodesAnswer(), answer, 'docker node ls');
    },

    async updateNode(id, { labels = {}, role }) {
      const update = () =>
        write(`update node ${id}`, async (client, abortSignal) => {
          const node = client.getNode(id);
          const { version, spec } = parseAnswer(nodeSpecAnswer(), await node.inspect(), `docker node inspect ${id}`);
          const changed = { ...spec, Role: role ?? spec.Role, Labels: { ...spec.Labels, ...labels } };
          await node.update({ _query: { version }, _body: changed, abortSignal });
        });
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await update();
        } catch (thrown) {
          // A node that has just reported its state has another version.
          const isOutdated = thrown instanceof WfError && /out of sequence/i.test(thrown.message);
          if (!isOutdated || attempt === UPDATE_ATTEMPTS) throw thrown;
        }
      }
    },

    async removeNode(id) {
      await writeOrNull(`remove node ${id}`, (client, abortSignal) =>
        client.getNode(id).remove({ force: true, ...{ abortSignal } }),
      );
    },

    async services() {
      const answer = await read('list services', (client, abortSignal) => client.listServices({ ...{ abortSignal } }));
      return parseAnswer(servicesAnswer(), answer, 'docker service ls');
    },
  };
}

/** Reads the swarm as a stream: if the variable DEBUG is set, docker-modem prints any other response, which contains the tokens. */
async function unloggedSwarm({ modem }: Docker): Promise<unknown> {
  const request = { path: '/swarm', method: 'GET', isStream: true, statusCodes: { 200: true, 503: 'no manager' } };
  const answer = await new Promise<unknown>((resolve, reject) => {
    modem.dial(request, (error, stream) => (error ? reject(error) : resolve(stream)));
  });
  if (!(answer instanceof Readable)) throw new TypeError('docker-modem returned no stream');
  try {
    return parseJson(await text(answer));
  } catch (thrown) {
    // The message of the error would quote the response.
    if (thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}

function cannotJoin(message: string, token: JoinToken): WfError {
  return new WfError('E_SWARM_JOIN', message.replaceAll(token.reveal(), '***'), {
    hint: 'Check that this host reaches the TCP port of the manager, and that the manager listens there and is of the same swarm.',
  });
}
