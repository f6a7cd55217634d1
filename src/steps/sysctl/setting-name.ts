import { z } from 'zod';

/** Folder of the kernel settings. Below `net` it shows the network namespace of the process that reads it. */
const FOLDER = '/proc/sys';

/**
 * The name of a kernel setting as sysctl prints it: dots between the parts, and a slash for a dot within a part, such as
 * `net.ipv4.conf.eth0/5.forwarding`. With a slash as first separator, slashes are between the parts: `net/ipv4/conf/eth0.5/forwarding`.
 */
export const settingNameSchema = z.string().transform((text, check) => {
  const separator = /[./]/.exec(text)?.[0];
  const parts = separator === '/' ? text.split('/') : text.split('.').map((part) => part.replaceAll('/', '.'));
  if (parts.length > 1 && parts.every((part) => /^[\w.:@-]+$/.test(part) && !/^\.+$/.test(part))) {
    return parts.map((part) => part.replaceAll('.', '/')).join('.');
  }
  check.addIssue({
    code: 'custom',
    message: `"${text}" is not a kernel setting, such as net.ipv4.ip_forward or net/ipv4/conf/eth0.5/forwarding`,
  });
  return z.NEVER;
});

export const settingValueSchema = z.union([
  z.string().regex(/^[^\n\0]{0,4096}$/, 'a value has at most 4,096 characters and no line break'),
  z.number().int().transform(String),
]);

/** Returns the file of a setting. */
export function fileOfSetting(name: string): string {
  const parts = name.split('.').map((part) => part.replaceAll('/', '.'));
  return [FOLDER, ...parts].join('/');
}

/** Returns whether each network namespace has its own value; all other settings are those of the whole machine. */
export function isOfNamespace(name: string): boolean {
  return name.startsWith('net.');
}

/** Returns whether two values are the same for the kernel, which separates several numbers by tabs. */
export function sameValue(one: string, other: string): boolean {
  return words(one) === words(other);
}

function words(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}
