export { bridgeOf } from '../../docker/bridge-name.ts';
export { dockerContainer } from './container.ts';
export { dockerImage } from './image.ts';
export { containerNameSchema, imageReferenceSchema, networkNameSchema } from './names.ts';
export { dockerNetwork } from './network.ts';
export { inspectContainer } from './observe/inspect-container.ts';
export { inspectNetwork } from './observe/inspect-network.ts';
export { listContainers } from './observe/list-containers.ts';
export { listNetworks } from './observe/list-networks.ts';
export {
  containerNameFree,
  dockerEngine,
  imageAvailable,
  localBridges,
  networkNameFree,
  subnetFree,
} from './requirements.ts';
