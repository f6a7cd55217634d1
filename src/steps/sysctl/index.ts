export { persistSysctl } from './persist-sysctl.ts';
export { sysctlExists } from './requirements.ts';
export { setSysctl } from './set-sysctl.ts';
export { settingNameSchema } from './setting-name.ts';
