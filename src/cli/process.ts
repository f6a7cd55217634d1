import process from 'node:process';
import { watchInterrupts } from '../host/interrupt-thread.ts';
import { exitProcess } from '../host/own-process.ts';
import { runCommandLine } from './command-line.ts';
import { reportError } from './report-error.ts';
import { type StandardOutput, standardOutput } from './standard-output.ts';
import { createSink, type Terminal } from './terminal.ts';
import type { OpenWire } from './wire-types.ts';

/** Carries out this process's command line, and ends the process with its exit code once all output is written. */
export async function runProcess(argv: readonly string[], openWire: OpenWire, version: string): Promise<void> {
  const outputs = { out: standardOutput(1), err: standardOutput(2) };
  const terminal = processTerminal(outputs);
  process.on('uncaughtException', (thrown) => {
    terminal.exitNow(reportError(thrown, terminal, argv.includes('--json')));
  });
  const exitCode = await runCommandLine(argv, terminal, openWire, version);
  await outputs.err.written();
  // Not by running dry: a connection that a client keeps alive must not keep a finished command.
  terminal.exitNow(exitCode);
}

function processTerminal({ out, err }: Readonly<Record<'out' | 'err', StandardOutput>>): Terminal {
  return {
    out: createSink(out, process.env),
    err: createSink(err, process.env),
    debug: process.env['WF_DEBUG'] === '1',
    onStopSignal(listener) {
      const unwatch = watchInterrupts(() => listener('SIGINT'));
      process.on('SIGTERM', listener);
      return () => {
        unwatch();
        process.off('SIGTERM', listener);
      };
    },
    exitNow: exitProcess,
  };
}
