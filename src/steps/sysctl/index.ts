export { sysctlExists } from './requirements.ts';
export { setSysctl } from './set-sysctl.ts';
