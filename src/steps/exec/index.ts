export { execCommand } from './exec-command.ts';
export { execRead } from './exec-read.ts';
