import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootSystemd } from '../host/systemd.ts';
import type { OpenCase } from './open-case.ts';

const SERVICE = `[Service]
Environment=SETTING=1
ExecStart=/bin/sleep infinity

[Install]
WantedBy=multi-user.target
`;
/** The unit that the workflow makes, and two that run from the start of the machine. */
const [NEW, ...OWN] = ['wf-new.service', 'wf-old.service', 'wf-third.service'];
const PROPERTIES = '--property=Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,Environment';

/** Units of a systemd in namespaces. */
export async function units(): Promise<OpenCase> {
  const folder = mkdtempSync('/var/tmp/wf-systemd-');
  const machine = await bootSystemd(folder);
  for (const unit of OWN) machine.write(`/etc/systemd/system/${unit}`, SERVICE);
  await machine.run(['systemctl', 'daemon-reload']);
  await machine.run(['systemctl', 'enable', '--now', ...OWN]);
  const file = `/etc/systemd/system/${NEW}`;
  return {
    tested: {
      workflow: fileURLToPath(new URL('../../fixtures/workflows/units.ts', import.meta.url)),
      folder: '/',
      through: [...machine.through(), 'env', '--chdir=/', 'HOME=/root'],
      async observe(run) {
        const ends = [
          await machine.run(['systemctl', 'show', PROPERTIES, NEW, ...OWN]),
          await machine.run(['find', '/etc/systemd/system', '/etc/sysctl.d', '-printf', '%p %y %m %l\n']),
        ];
        const blocks = ends.flatMap(({ stdout }) => stdout.replaceAll(run, 'RUN').split('\n\n'));
        return blocks.map((block) => block.split('\n').toSorted());
      },
    },
    foreign: {
      'a unit of the name': {
        put: () => machine.write(file, SERVICE),
        remove: () => rmSync(machine.at(file)),
      },
    },
    // The folders of a machine that really boots again would have other inodes: they are those of an overlay.
    async reboot() {
      await machine.run(['systemctl', 'stop', NEW, ...OWN]);
      await machine.run(['systemctl', 'daemon-reload']);
      for (const unit of [NEW, ...OWN]) {
        const { exitCode } = await machine.run(['systemctl', 'is-enabled', '--quiet', unit]);
        if (exitCode === 0) await machine.run(['systemctl', 'start', unit]);
      }
    },
    scratch: path.join(folder, 'shared'),
    async close() {
      await machine.end();
      rmSync(folder, { recursive: true });
    },
  };
}
