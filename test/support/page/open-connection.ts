import { execa } from 'execa';
import { expect } from 'vitest';

/** Opens a TCP connection and leaves it open. @param shell the command of `wf shell --json` in the container from which it goes */
export async function openConnection(shell: readonly string[], address: string, port: number) {
  const [program = '', ...args] = shell.slice(0, shell.lastIndexOf('--') + 1);
  const connect = `exec 3<>/dev/tcp/${address}/${port} && echo connected && read -r _`;
  const client = execa(program, [...args, 'bash', '-c', connect], { stdin: 'pipe', reject: false });
  let printed = '';
  client.stdout.on('data', (text) => {
    printed += String(text);
  });
  await expect.poll(() => printed).toBe('connected\n');
  return {
    async close() {
      client.stdin.end();
      await client;
    },
  };
}
