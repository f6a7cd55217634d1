import { removeEnginesOfWorkers } from './engine.ts';

/** After the last test: removes the engines that test files have lent to each other (see own-engine.ts). */
export const teardown = removeEnginesOfWorkers;
