export { bridgeOf } from '../../host/docker/bridge-name.ts';
export { dockerContainer } from './container.ts';
export { dockerImage } from './image.ts';
export { inspectContainer } from './inspect-container.ts';
export { inspectNetwork } from './inspect-network.ts';
export { listContainers } from './list-containers.ts';
export { listNetworks } from './list-networks.ts';
export { containerNameSchema, imageReferenceSchema, networkNameSchema } from './names.ts';
export { dockerNetwork } from './network.ts';
export {
  containerNameFree,
  dockerEngine,
  imageAvailable,
  localBridges,
  networkNameFree,
  subnetFree,
} from './requirements.ts';
