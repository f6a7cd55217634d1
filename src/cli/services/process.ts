// Imported first, before any schema is created.
import '../configure-zod.ts';
import process from 'node:process';
import { exitProcess } from '../../host/processes/own-process.ts';
import { watchInterrupts } from '../../host/workflow-code/interrupt-thread.ts';
import { runCommandLine } from '../command-line.ts';
import { reportError } from '../output/errors/report-error.ts';
import { uncaughtError } from '../output/errors/uncaught-error.ts';
import { type Output, standardOutput, written } from '../output/standard-output.ts';
import { createSink, type Terminal, type UncaughtEnd, writeLines } from '../output/terminal.ts';
import type { OpenServices } from './services.ts';

/** Runs this process's command line, and ends the process with its exit code once all output is written. */
export async function runProcess(argv: readonly string[], openServices: OpenServices, version: string): Promise<void> {
  const outputs = { out: standardOutput(1), err: standardOutput(2) };
  let describeEnd: (() => UncaughtEnd) | undefined;
  const terminal: Terminal = {
    ...processTerminal(outputs),
    onUncaught(describe) {
      describeEnd = describe;
      return () => {
        describeEnd = undefined;
      };
    },
  };
  process.on('uncaughtException', (thrown) => {
    const refused = reportError(uncaughtError(thrown), terminal, argv.includes('--json'));
    const end = describeEnd?.();
    if (end !== undefined) writeLines(terminal.err, [end.words]);
    terminal.exitNow(end?.exitCode ?? refused);
  });
  const exitCode = await runCommandLine(argv, terminal, openServices, version);
  await written(outputs.err);
  // Explicit exit: a connection that a client keeps alive must not keep a finished command.
  terminal.exitNow(exitCode);
}

function processTerminal({ out, err }: Readonly<Record<'out' | 'err', Output>>): Omit<Terminal, 'onUncaught'> {
  const errors = createSink(err, process.env);
  return {
    out: createSink(out, process.env),
    err: errors,
    progress: errors,
    debug: process.env['WF_DEBUG'] === '1',
    onStopSignal(listener, { runsWorkflowCode = true } = {}) {
      const watch = runsWorkflowCode ? watchInterrupts : onInterrupt;
      const unwatch = watch(() => listener('SIGINT'));
      process.on('SIGTERM', listener);
      return () => {
        unwatch();
        process.off('SIGTERM', listener);
      };
    },
    onHangup(listener) {
      process.on('SIGHUP', listener);
      return () => process.off('SIGHUP', listener);
    },
    exitNow: exitProcess,
  };
}

function onInterrupt(listener: () => void): () => void {
  process.on('SIGINT', listener);
  return () => process.off('SIGINT', listener);
}
