export { bridgeOf } from '../../docker/bridge-name.ts';
export { dockerConnect } from './connect.ts';
export { dockerContainer } from './container.ts';
export { dockerExec } from './exec.ts';
export { dockerImage } from './image.ts';
export { containerNameSchema, imageReferenceSchema, networkNameSchema, volumeNameSchema } from './names.ts';
export { dockerNetwork } from './network.ts';
export { inspectContainer } from './observe/inspect-container.ts';
export { inspectNetwork } from './observe/inspect-network.ts';
export { listContainers } from './observe/list-containers.ts';
export { listNetworks } from './observe/list-networks.ts';
export {
  containerNameFree,
  dockerEngine,
  hostPortFree,
  imageAvailable,
  localBridges,
  networkNameFree,
  subnetFree,
  swarmFree,
  volumeNameFree,
} from './requirements.ts';
export { initSwarm } from './swarm/init.ts';
export { joinSwarm } from './swarm/join.ts';
export { observeSwarmNodes } from './swarm/nodes.ts';
export { observeOverlay } from './swarm/observe-overlay.ts';
export { dockerVolume } from './volume.ts';
