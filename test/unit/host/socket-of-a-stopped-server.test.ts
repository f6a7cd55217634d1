import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listenHttp } from '../../../src/host/http/listen.ts';
import { temporaryFolder } from '../../fixtures/history/temporary.ts';

test('the socket of a server that is stopped, and takes no more connections, is left to it', async () => {
  const file = path.join(temporaryFolder(), 'ui.sock');
  const listens = `require('node:net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => console.log(''))`;
  const server = spawn(process.execPath, ['-e', listens, file], { stdio: ['ignore', 'pipe', 'ignore'] });
  onTestFinished(() => void server.kill('SIGKILL'));
  await once(server.stdout, 'data');
  server.kill('SIGSTOP');
  const fill = (): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(file, () => resolve(fill()));
      socket.once('error', () => resolve());
      onTestFinished(() => void socket.destroy());
    });
  await fill();
  await expect(listenHttp({ type: 'socket', file }, () => {})).rejects.toMatchObject({ code: 'E_ADDRESS_IN_USE' });
  expect(existsSync(file)).toBe(true);
});
