import { approval, defineWorkflow, flow } from 'wf-engine';
import { createFolder, createSymlink, execRead, httpProbe, restartUnit, tool, writeFile } from 'wf-engine/steps';
import { setup } from 'xstate';
import { z } from 'zod';

const input = z.object({
  root: z
    .string()
    .regex(/^\/[^\0]*[^\0/]$/)
    .describe(
      'folder of the site, such as `/srv/site`; it contains the releases in `releases`, and a link `current` to one of them',
    ),
  version: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/)
    .describe('name of the release'),
  heading: z.string().max(200).default('It works').describe('heading of its page'),
  service: z
    .string()
    .nullable()
    .default(null)
    .describe('systemd unit to restart after the switch and after its undo, such as `nginx.service`'),
  url: z
    .url({ protocol: /^http$/ })
    .nullable()
    .default(null)
    .describe(
      'URL of the version file, such as `http://127.0.0.1/version`, which must show the release after the switch',
    ),
  approve: z.boolean().default(true).describe('whether somebody has to approve the switch'),
});
type Input = z.output<typeof input>;

const releaseFolder = ({ root, version }: Input) => `${root}/releases/${version}`;

const base = setup({
  types: { context: {} as Input, input: {} as Input, output: {} as Pick<Input, 'root' | 'version'> },
  actors: {
    createFolder,
    createSymlink,
    writeFile,
    execRead,
    httpProbe,
    // The command alters neither network, firewall nor containers.
    restartUnit: restartUnit.with({ alters: [] }),
  },
});
const { sequence } = flow(base);

const machine = base.createMachine({
  id: 'web-release',
  context: ({ input }) => input,
  ...sequence({
    files: sequence({
      makeRoot: { src: 'createFolder', input: ({ context: { root } }) => ({ path: root }) },
      makeReleases: { src: 'createFolder', input: ({ context: { root } }) => ({ path: `${root}/releases` }) },
      makeRelease: { src: 'createFolder', input: ({ context }) => ({ path: releaseFolder(context) }) },
      writePage: {
        src: 'writeFile',
        input: ({ context }) => ({
          path: `${releaseFolder(context)}/index.html`,
          template: '<!doctype html>\n<title>{{heading}}</title>\n<h1>{{heading}}</h1>\n',
          values: { heading: escaped(context.heading) },
          mode: '0644',
        }),
      },
      writeVersion: {
        src: 'writeFile',
        input: ({ context }) => ({
          path: `${releaseFolder(context)}/version`,
          content: `${context.version}\n`,
          mode: '0644',
        }),
      },
    }),
    approval: sequence({
      ask: {
        when: ({ context }) => context.approve,
        ...approval({
          title: 'Switch the site to this release?',
          text: 'The files of the release are in place; the site still shows the previous one.',
          approve: { target: 'done', label: 'Switch' },
          reject: { target: '#rejected', label: 'Remove the files' },
        }),
      },
    }),
    switching: sequence({
      // Its undo runs after the link leads to the previous release again.
      restartOnUndo: {
        when: ({ context }) => context.service !== null,
        src: 'restartUnit',
        input: ({ context }) => ({ name: context.service ?? '', on: 'undo' }),
      },
      switchLink: {
        src: 'createSymlink',
        input: ({ context: { root, version } }) => ({ path: `${root}/current`, target: `releases/${version}` }),
      },
      restart: {
        when: ({ context }) => context.service !== null,
        src: 'restartUnit',
        input: ({ context }) => ({ name: context.service ?? '' }),
      },
    }),
    health: sequence({
      readVersion: {
        src: 'execRead',
        input: ({ context: { root, version } }) => ({
          argv: ['grep', '--line-regexp', '--fixed-strings', '--', version, `${root}/current/version`],
        }),
      },
      fetchVersion: {
        when: ({ context }) => context.url !== null,
        src: 'httpProbe',
        input: ({ context: { url, version } }) => ({
          from: { type: 'host' },
          url: url ?? '',
          expect: version,
          deadlineMs: 10_000,
        }),
      },
    }),
    rejected: { id: 'rejected', type: 'final', tags: ['failed'] },
  }),
  output: ({ context: { root, version } }) => ({ root, version }),
});

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

export default defineWorkflow({
  name: 'web-release',
  version: '1',
  description:
    'Releases a web site: writes files, waits for an approval, switches, restarts and checks, or undoes all of it',
  input,
  machine,
  keepsChanges: true,
  requirements: ({ root, service }) => [
    {
      title: `site ${root}`,
      purpose: 'one release at a time',
      claim: `site ${root}`,
      check: async () => ({ met: true, found: root }),
    },
    tool('tar', 'reading the attributes of files'),
    ...(service === null ? [] : [tool('systemctl', 'restarting the service')]),
  ],
  proofs: ({ root, version }) => [{ claim: 'released', figures: `${root}/current has version ${version}` }],
});
