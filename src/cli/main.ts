#!/usr/bin/env node
import process from 'node:process';

declare const WF_VERSION: string | undefined;

// The build puts the version in; run from source there is none.
const version = typeof WF_VERSION === 'string' ? WF_VERSION : 'development';

const argv = process.argv.slice(2);

if (asksForVersion(argv)) {
  // Nobody reads on (`| true`): no error.
  process.stdout.on('error', () => {});
  process.stdout.write(`${argv.includes('--json') ? JSON.stringify({ version }) : version}\n`);
} else {
  const { runProcess } = await import('./process.ts');
  await runProcess(argv, async (options) => (await import('./wire.ts')).openWire(options), version);
}

/** `--version` before any command; answered at once, with nothing loaded. */
function asksForVersion(given: readonly string[]): boolean {
  const command = given.findIndex((argument) => !argument.startsWith('-'));
  return (command === -1 ? given : given.slice(0, command)).some(
    (argument) => argument === '--version' || argument === '-V',
  );
}
