import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import { atEndOfFile, folderOfFile } from '../host/file-folder.ts';

const running = new Set<() => Promise<unknown>>();
atEndOfFile(async () => {
  for (const kill of running) await kill();
  running.clear();
});

/** Starts nginx with these servers, which is killed after the last test of the file. @param port one on which they listen */
export async function startNginx(servers: string, port: number): Promise<void> {
  const folder = mkdtempSync(path.join(folderOfFile(), 'nginx-'));
  const file = path.join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`);
  writeFileSync(
    file,
    `daemon off; master_process off; pid nginx.pid; events {}\nhttp { access_log off; ${temporary.join(' ')}\n${servers} }`,
  );
  const child = execa('nginx', ['-p', folder, '-c', file, '-e', path.join(folder, 'error.log')], {
    env: { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
    reject: false,
    stdin: 'ignore',
  });
  running.add(async () => {
    child.kill('SIGKILL');
    await child;
  });
  let end: string | undefined;
  void child.then(({ stderr, message }) => {
    end = `nginx has ended: ${stderr} ${message}`;
  });
  await vi.waitFor(
    () =>
      new Promise<void>((resolve, reject) => {
        if (end !== undefined) throw new Error(end);
        const socket = connect(port, '127.0.0.1', () => {
          socket.destroy();
          resolve();
        });
        socket.once('error', reject);
      }),
    { timeout: 10_000, interval: 50 },
  );
}
