export { enableUnit } from './enable-unit.ts';
export { reloadUnit, restartUnit } from './restart-unit.ts';
export { startUnit, stopUnit } from './start-unit.ts';
export { writeUnit } from './write-unit.ts';
