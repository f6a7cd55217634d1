import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

/** On a disk: not every kernel has extended attributes in memory. */
const newFolder = (name: string) => mkdtempSync(path.join(process.env['WF_TEST_DISK'] ?? tmpdir(), name));

/** A folder of root alone, which ends with the test. */
export function ownFolder(): string {
  const folder = newFolder('wf-files-');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** All that a step may change in a folder: names, types, contents and attributes, read without the code of wf. */
export function filesIn(folder: string): Readonly<Record<string, unknown>> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  const files = names.map((name) => {
    const file = path.join(folder, name);
    const { mode, uid, gid, mtimeNs, nlink } = lstatSync(file, { bigint: true });
    const owner = { mode: mode.toString(8), uid: Number(uid), gid: Number(gid) };
    const found = lstatSync(file);
    if (found.isSymbolicLink()) return [name, { ...owner, target: readlinkSync(file), mtimeNs: String(mtimeNs) }];
    if (!found.isFile()) return [name, owner];
    return [name, { ...owner, content: readFileSync(file, 'latin1'), links: Number(nlink), mtimeNs: String(mtimeNs) }];
  });
  return { ...Object.fromEntries(files), extended: extendedIn(folder) };
}

/** The extended attributes of all files in a folder, as tar prints them, each after the name of its file. */
function extendedIn(folder: string): readonly string[] {
  const words = ['--create', '--format=posix', '--sort=name', '--xattrs', '--xattrs-include=*', '--file=-'];
  const archive = execFileSync('tar', [...words, `--directory=${folder}`, '.']).toString('latin1');
  return archive.match(/PaxHeaders\/[^\0]+|SCHILY\.xattr\.[^=]+=[^\n]*/g) ?? [];
}

/** Sets extended attributes: unpacks an archive whose one file has them, and copies them from there. */
export function setExtended(file: string, attributes: Readonly<Record<string, Buffer>>): void {
  const scratch = newFolder('wf-xattr-');
  const archive = path.join(scratch, 'archive');
  const records = Object.entries(attributes).map(([name, value]) =>
    paxRecord(Buffer.concat([Buffer.from(`SCHILY.xattr.${name}=`), value])),
  );
  const body = Buffer.concat(records);
  const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
  writeFileSync(
    archive,
    Buffer.concat([tarHeader('x', body.length), body, padding, tarHeader('0', 0), Buffer.alloc(1024)]),
  );
  execFileSync('tar', ['--extract', '--xattrs', '--xattrs-include=*', `--file=${archive}`, `--directory=${scratch}`]);
  execFileSync('cp', ['--attributes-only', '--preserve=xattr', path.join(scratch, 'donor'), file]);
  rmSync(scratch, { recursive: true });
}

/** A record of an extended header, whose length counts itself. */
function paxRecord(text: Buffer): Buffer {
  const without = text.length + 2;
  const length = without + String(without + String(without).length).length;
  return Buffer.concat([Buffer.from(`${length} `), text, Buffer.from('\n')]);
}

function tarHeader(type: string, size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write('donor', 0);
  header.write('0000600\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\0', 257);
  header.write('00', 263);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** An access control list by which user 1000 may read. */
export const ACL = Buffer.from(
  '0200000001000600ffffffff02000400e803000004000400ffffffff10000400ffffffff20000000ffffffff',
  'hex',
);
/** The capability to bind low ports. */
export const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');
