import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const ENDS = ['exit', 'abort', 'kill'] as const;
const WRITES = ['writeSync', 'writeFileSync', 'appendFileSync'] as const;

const { exit, kill } = process;
const { writeFileSync } = fs;
const stdout = Object.getOwnPropertyDescriptor(process, 'stdout');

/** Ends this process; reserved for wf. */
export function exitProcess(code: number): never {
  return exit.call(process, code);
}

/** Signals this process; reserved for wf. */
export function signalProcess(signal: NodeJS.Signals): void {
  kill.call(process, process.pid, signal);
}

/** Returns standard output or error; reserved for wf. */
export function standardStream(descriptor: 1 | 2): NodeJS.WriteStream {
  return descriptor === 1 ? (stdout?.get?.call(process) ?? process.stdout) : process.stderr;
}

/** Writes a whole text to standard output or error; reserved for wf. @throws Error of Node with its `code` */
export function writeAll(descriptor: 1 | 2, text: string): void {
  writeFileSync(descriptor, text);
}

let reservations = 0;
let restore = (): void => {};

/**
 * Reserves standard output and the end of this process for wf: output of workflow code goes to standard error, and a call that
 * would end the process throws. The returned function restores both.
 */
export function reserveProcess(): () => void {
  if (reservations === 0) restore = takeProcess();
  reservations += 1;
  let released = false;
  return () => {
    if (released) return;
    released = true;
    reservations -= 1;
    if (reservations === 0) restore();
  };
}

function takeProcess(): () => void {
  const before = {
    process: ENDS.map((name) => [name, process[name]] as const),
    fs: WRITES.map((name) => [name, fs[name]] as const),
  };
  for (const [name, end] of before.process) {
    Reflect.set(process, name, (...given: readonly unknown[]) => {
      if (name === 'kill' && (given[1] === 0 || !isOwn(given[0]))) return Reflect.apply(end, process, given);
      throw new Error(`it called process.${name}(${given.map(String).join(', ')}), which would end wf`);
    });
  }
  for (const [name, write] of before.fs) {
    Reflect.set(fs, name, (target: unknown, ...rest: readonly unknown[]) =>
      Reflect.apply(write, fs, [target === 1 ? 2 : target, ...rest]),
    );
  }
  // The console reads this property when it first prints.
  Object.defineProperty(process, 'stdout', { configurable: true, enumerable: true, get: () => process.stderr });
  syncBuiltinESMExports();
  return () => {
    for (const [name, end] of before.process) Reflect.set(process, name, end);
    for (const [name, write] of before.fs) Reflect.set(fs, name, write);
    if (stdout !== undefined) Object.defineProperty(process, 'stdout', stdout);
    syncBuiltinESMExports();
  };
}

/** Returns whether a signal to this pid reaches wf: its own pid or its process group. Signal 0 only tests for a process. */
function isOwn(pid: unknown): boolean {
  return pid === process.pid || pid === -process.pid || pid === 0 || pid === -1;
}
