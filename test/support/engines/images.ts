import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
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

/** The settings of each image. Both have the same layer. */
const IMAGES = {
  [HTTP_ECHO_IMAGE]: { Entrypoint: ['/http-echo'] },
  [PROBE_IMAGE]: { Cmd: ['sh'] },
};

/** Builds the test images if the engine at `dockerHost` lacks one. Needs no network. */
export async function ensureImages(dockerHost: string): Promise<void> {
  const names = Object.keys(IMAGES);
  const found = await Promise.all(names.map((name) => askEngine(`/images/${name}/json`, dockerHost)));
  if (!found.includes(undefined)) return;
  const folder = await mkdtemp(join(tmpdir(), 'wf-image-'));
  try {
    await run('docker', ['--host', dockerHost, 'load', '--input', await writeArchive(folder)]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes the images as `docker save` does: the engine unpacks their layer once. Returns the file. */
async function writeArchive(folder: string): Promise<string> {
  const root = join(folder, 'root');
  const content = join(folder, 'content');
  const archive = join(folder, 'images.tar');
  await Promise.all([layOut(root), mkdir(content)]);
  await pack(root, join(content, 'layer.tar'));
  const digest = createHash('sha256')
    .update(await readFile(join(content, 'layer.tar')))
    .digest('hex');
  const image = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  };
  const manifest = await Promise.all(
    Object.entries(IMAGES).map(async ([name, config], index) => {
      const file = `${index}.json`;
      await writeFile(join(content, file), JSON.stringify({ ...image, config }));
      return { Config: file, RepoTags: [`${name}:latest`], Layers: ['layer.tar'] };
    }),
  );
  await writeFile(join(content, 'manifest.json'), JSON.stringify(manifest));
  await pack(content, archive);
  return archive;
}

async function layOut(root: string): Promise<void> {
  await Promise.all(['bin', 'etc', 'tmp'].map((folder) => mkdir(join(root, folder), { recursive: true })));
  const { stdout: busybox } = await run('sh', ['-c', 'command -v busybox']);
  await copyFile(busybox.trim(), join(root, 'bin', 'busybox'));
  const { stdout: applets } = await run('busybox', ['--list']);
  const names = applets.split('\n').filter((name) => name !== '' && name !== 'busybox');
  await Promise.all(names.map((name) => symlink('busybox', join(root, 'bin', name))));
  await writeFile(join(root, 'http-echo'), HTTP_ECHO, { mode: 0o755 });
  await writeFile(join(root, 'etc', 'httpd.conf'), '.html:text/plain; charset=utf-8\n');
}

async function pack(folder: string, file: string): Promise<void> {
  await run('tar', ['--create', '--owner=0', '--group=0', '--file', file, '--directory', folder, '.']);
}
