export { execCommand } from './exec-command.ts';
export { execOnUndo } from './exec-on-undo.ts';
export { execRead } from './exec-read.ts';
