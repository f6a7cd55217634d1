import { z } from 'zod';
import { lazy } from '../../engine/model/lazy.ts';
import type { SwarmCluster, SwarmNode, SwarmService, SwarmState } from '../../engine/ports/swarm.ts';

// The engine sends null, an empty string or no field for a missing value.
const text = lazy(() =>
  z
    .string()
    .nullish()
    .transform((value) => value || null),
);
const labels = lazy(() =>
  z
    .record(z.string(), z.string())
    .nullish()
    .transform((value) => value ?? {}),
);
const spec = lazy(() => z.object({ Labels: labels() }));

/** Port of VXLAN if the engine reports none. */
const DATA_PATH_PORT = 4789;

const clusterAnswer = lazy(() =>
  z.object({ ID: z.string(), Spec: spec(), DataPathPort: z.number().int().nullish() }).transform(
    (cluster): SwarmCluster => ({
      id: cluster.ID,
      labels: cluster.Spec.Labels,
      dataPathPort: cluster.DataPathPort || DATA_PATH_PORT,
    }),
  ),
);

/** The part of `docker info` about the swarm. */
export const stateAnswer = lazy(() =>
  z
    .object({
      Swarm: z.object({
        NodeID: text(),
        NodeAddr: text(),
        LocalNodeState: z.enum(['', 'inactive', 'pending', 'active', 'error', 'locked']),
        ControlAvailable: z.boolean(),
        Error: text(),
        Cluster: clusterAnswer().nullish(),
      }),
    })
    .transform(
      ({ Swarm }): SwarmState => ({
        state: Swarm.LocalNodeState || 'inactive',
        node: Swarm.NodeID,
        address: Swarm.NodeAddr,
        isManager: Swarm.ControlAvailable,
        cluster: Swarm.Cluster ?? null,
        error: Swarm.Error,
      }),
    ),
);

export const initAnswer = lazy(() => z.string().min(1));

const tokenAnswer = lazy(() => z.string().regex(/^SWMTKN-/));
export const tokensAnswer = lazy(() =>
  z
    .object({ JoinTokens: z.object({ Worker: tokenAnswer(), Manager: tokenAnswer() }) })
    .transform(({ JoinTokens }) => ({ worker: JoinTokens.Worker, manager: JoinTokens.Manager })),
);

const role = lazy(() => z.enum(['worker', 'manager']));

export const nodesAnswer = lazy(() =>
  z.array(
    z
      .object({
        ID: z.string(),
        Spec: z.object({ Labels: labels(), Role: role(), Availability: z.string() }),
        Description: z.object({ Hostname: z.string().default('') }).default({ Hostname: '' }),
        Status: z.object({ State: z.string(), Addr: z.string().default('') }),
        ManagerStatus: z.object({ Leader: z.boolean().default(false), Reachability: z.string() }).nullish(),
      })
      .transform(
        (node): SwarmNode => ({
          id: node.ID,
          hostname: node.Description.Hostname,
          role: node.Spec.Role,
          availability: node.Spec.Availability,
          state: node.Status.State,
          reachability: node.ManagerStatus?.Reachability ?? null,
          isLeader: node.ManagerStatus?.Leader ?? false,
          address: node.Status.Addr,
          labels: node.Spec.Labels,
        }),
      ),
  ),
);

/** The specification of a node, which an update sends as a whole. */
export const nodeSpecAnswer = lazy(() =>
  z
    .object({
      Version: z.object({ Index: z.number().int() }),
      Spec: z.looseObject({ Labels: labels(), Role: role(), Availability: z.string() }),
    })
    .transform(({ Version, Spec }) => ({ version: Version.Index, spec: Spec })),
);

export const servicesAnswer = lazy(() =>
  z.array(
    z
      .object({ ID: z.string(), Spec: z.object({ Name: z.string(), Labels: labels() }) })
      .transform(({ ID, Spec }): SwarmService => ({ id: ID, name: Spec.Name, labels: Spec.Labels })),
  ),
);
