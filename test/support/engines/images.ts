import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { askEngine } from './engine-api.ts';

const run = promisify(execFile);

/** Responds like hashicorp/http-echo: `-text "..."`, `-listen :5678`. */
export const HTTP_ECHO_IMAGE = 'wf-test/http-echo';
/** Has a shell, ping, wget, ip, nslookup, sleep and the rest of busybox. */
export const PROBE_IMAGE = 'wf-test/probe';

// busybox httpd answered in 6.6 ms (client included), `nc -ll -e` in 8.1 ms; both take 32 requests at a time.
// As the first process of its namespace the shell needs the trap: SIGTERM is ignored there without a handler.
const HTTP_ECHO = `#!/bin/sh
set -eu
text=
port=5678
while [ $# -gt 0 ]; do
  case $1 in
    -text=* | --text=*) text=\${1#*=}; shift ;;
    -listen=* | --listen=*) port=\${1##*:}; shift ;;
    -text | --text) text=$2; shift 2 ;;
    -listen | --listen) port=\${2##*:}; shift 2 ;;
    *) echo "flag provided but not defined: $1" >&2; exit 2 ;;
  esac
done
if [ -z "$text" ]; then echo 'Missing -text option!' >&2; exit 127; fi
mkdir -p /www
printf '%s\\n' "$text" >/www/index.html
trap 'exit 0' TERM INT
httpd -f -p "$port" -h /www -c /etc/httpd.conf &
echo "[INFO] server is listening on :$port"
wait
`;

/** Builds the test images that the engine at `dockerHost` lacks. Needs no network. */
export async function ensureImages(dockerHost: string): Promise<void> {
  const images = [HTTP_ECHO_IMAGE, PROBE_IMAGE];
  const found = await Promise.all(images.map((image) => askEngine(`/images/${image}/json`, dockerHost)));
  const missing = images.filter((_, index) => found[index] === undefined);
  if (missing.length === 0) return;
  const root = await mkdtemp(join(tmpdir(), 'wf-image-'));
  try {
    await layOut(root);
    await Promise.all(
      missing.map((image) =>
        importImage(dockerHost, root, image, image === PROBE_IMAGE ? 'CMD ["sh"]' : 'ENTRYPOINT ["/http-echo"]'),
      ),
    );
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** One root for both images, which differ only in their command. */
async function layOut(root: string): Promise<void> {
  await Promise.all(['bin', 'etc', 'tmp'].map((folder) => mkdir(join(root, folder))));
  const { stdout: busybox } = await run('sh', ['-c', 'command -v busybox']);
  await copyFile(busybox.trim(), join(root, 'bin', 'busybox'));
  const { stdout: applets } = await run('busybox', ['--list']);
  const names = applets.split('\n').filter((name) => name !== '' && name !== 'busybox');
  await Promise.all(names.map((name) => symlink('busybox', join(root, 'bin', name))));
  await writeFile(join(root, 'http-echo'), HTTP_ECHO, { mode: 0o755 });
  await writeFile(join(root, 'etc', 'httpd.conf'), '.html:text/plain; charset=utf-8\n');
}

async function importImage(dockerHost: string, root: string, image: string, change: string): Promise<void> {
  const tar = spawn('tar', ['--create', '--owner=0', '--group=0', '--directory', root, '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const client = spawn('docker', ['--host', dockerHost, 'import', '--change', change, '-', image], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  tar.stdout.pipe(client.stdin);
  const exitCode = await new Promise((resolve, reject) => {
    tar.once('error', reject);
    client.once('error', reject).once('close', resolve);
  });
  if (exitCode !== 0) throw new Error(`docker import ${image} ended with exit code ${String(exitCode)}`);
}
