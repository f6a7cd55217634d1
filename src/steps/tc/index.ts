export { qdiscAvailable } from './requirements.ts';
export { setQdisc } from './set-qdisc.ts';
