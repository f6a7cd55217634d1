import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { expectRefusal, expectTextRefusal } from '../../support/refusal.ts';
import { openProject } from '../../support/run-wf.ts';

// wf checks input before it contacts Docker, so these tests need no engine.
const options = { env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } };
const project = openProject({
  'list.json': '["devNetwork"]',
  'broken.json': '{ "devNetwork": ',
  'unknown.json': '{ "devNetwrok": "lab" }',
  'number.json': '{ "devNetwork": 7 }',
});
const files = readdirSync(project.folder);

const lab = (...inputs: readonly string[]) => ['start', 'lab-network', ...inputs.flatMap((one) => ['--input', one])];
const LONG = 'n'.repeat(64);

describe.concurrent('wf start lab-network', () => {
  test.for<[what: string, inputs: readonly string[], says: readonly string[], next: string]>([
    ['an unknown name', ['devNetwrok=x'], ['unknown input "devNetwrok"'], 'Did you mean devNetwork?'],
    [
      'an input without =',
      ['devNetwork'],
      ['--input "devNetwork" is not of the form name=value'],
      'Inputs of lab-network: image',
    ],
    [
      'an input without a name',
      ['=devops'],
      ['--input "=devops" is not of the form name=value'],
      'Inputs of lab-network',
    ],
    ['several invalid inputs', ['x=1', 'y', 'hostLink='], ['"x"', '"y"', 'hostLink'], 'Inputs of lab-network'],
    ['a link name of 16 characters', ['hostLink=abcdefghijklmnop'], ['hostLink', '15 characters'], 'hostLink'],
    ['a link name of 15 letters, but 16 bytes', ['hostLink=abcdefghijklmné'], ['hostLink', '15'], 'hostLink'],
    [
      'a device name that is too long',
      ['containerDevice=abcdefghijklmnop'],
      ['containerDevice', '15'],
      'containerDevice',
    ],
    [
      'a prefix that makes a link name too long',
      ['prefix=somebody-', 'hostLink=uplink1'],
      ['"somebody-uplink1"', '15'],
      'prefix',
    ],
    ['a prefix of more than 15 characters', ['prefix=a-long-prefix-of-22-'], ['15', 'shorter prefix'], 'prefix'],
    ['a space in a link name', ['hostLink=my link'], ['hostLink'], 'hostLink'],
    ['a slash in a link name', ['containerLink=../x'], ['containerLink'], 'containerLink'],
    ['a Docker name of 64 characters', [`devContainer=${LONG}`], ['devContainer'], 'devContainer'],
    ['a command in a Docker name', ['devNetwork=$(touch pwned)'], ['devNetwork', 'letters, digits'], 'devNetwork'],
    ['backticks in a Docker name', ['devContainer=`touch pwned`'], ['devContainer'], 'devContainer'],
    ['a semicolon in a Docker name', ['prodNetwork=a;touch pwned'], ['prodNetwork'], 'prodNetwork'],
    ['an option for a Docker name', ['prodContainer=--privileged'], ['prodContainer'], 'prodContainer'],
    ['an empty Docker name', ['devNetwork='], ['devNetwork'], 'devNetwork'],
    ['a newline in a Docker name', ['devContainer=App\nDev'], ['devContainer'], 'devContainer'],
    ['a command in the prefix', ['prefix=$(id)'], ['prefix'], 'prefix'],
    ['a malformed address', ['spliceAddress=172.20.0.256'], ['spliceAddress'], 'spliceAddress'],
    [
      'an address outside its subnet',
      ['devSubnet=172.30.0.0/16', 'spliceAddress=172.31.0.100'],
      ['spliceAddress', '172.30.0.0/16'],
      'spliceAddress',
    ],
    [
      'a subnet without an address number 100',
      ['devSubnet=172.30.0.0/26'],
      ['spliceAddress', '172.30.0.0/26'],
      'spliceAddress',
    ],
    ['a malformed subnet', ['devSubnet=172.20.0.0/33'], ['devSubnet'], 'devSubnet'],
    ['a subnet without a prefix length', ['prodSubnet=172.20.0.0'], ['prodSubnet'], 'prodSubnet'],
    ['subnets that overlap', ['devSubnet=172.20.0.0/16', 'prodSubnet=172.20.9.0/24'], ['overlaps'], 'prodSubnet'],
    ['one name for both networks', ['devNetwork=prod'], ['prodNetwork', 'differ'], 'prodNetwork'],
    ['one name for both containers', ['prodContainer=AppDev'], ['prodContainer', 'differ'], 'prodContainer'],
    ['one name for both ends of the pair', ['hostLink=int_conteneur'], ['containerLink', 'differ'], 'containerLink'],
    ['an unknown mode of the default route', ['defaultRoute=maybe'], ['defaultRoute', 'secondary'], 'defaultRoute'],
    ['an empty text', ['devText='], ['devText'], 'devText'],
    ['a control character in a text', ['prodText=a\u001b[31mb'], ['prodText'], 'prodText'],
    ['an empty image', ['image='], ['image'], 'image'],
    ['an image with uppercase letters', ['image=Alpine'], ['image', 'lower-case'], 'image'],
    ['an image with a space', ['probeImage=al pine'], ['probeImage', 'image reference'], 'probeImage'],
    ['a link name that is an option of ip', ['hostLink=-a'], ['hostLink', '"-"'], 'hostLink'],
    ['a device name that is an option of ip', ['containerDevice=-x'], ['containerDevice', '"-"'], 'containerDevice'],
    ['a link name that the kernel reserves', ['hostLink=all'], ['hostLink', 'kernel reserves "all"'], 'hostLink'],
    [
      'a device name that the kernel reserves',
      ['containerDevice=default'],
      ['containerDevice', 'reserves'],
      'containerDevice',
    ],
    ['eth0 as the device name', ['containerDevice=eth0'], ['containerDevice', 'eth1'], 'containerDevice'],
    ['lo as the device name', ['containerDevice=lo'], ['containerDevice', 'eth1'], 'containerDevice'],
    ['eth0 as the name of the container link', ['containerLink=eth0'], ['containerLink', 'eth1'], 'containerLink'],
    ['a Docker name of one character', ['devNetwork=a'], ['devNetwork', 'two or more'], 'devNetwork'],
    ['a network that Docker predefines', ['prodNetwork=host'], ['prodNetwork', 'predefined'], 'prodNetwork'],
    [
      'a prefix that makes a name too long',
      [`prefix=${'p'.repeat(10)}`, `devNetwork=${'n'.repeat(60)}`],
      ['70', '63'],
      'devNetwork',
    ],
    [
      'a container name that makes its probe name too long',
      [`devContainer=${'n'.repeat(60)}`],
      ['66', '63'],
      'devContainer',
    ],
    [
      'a devops subnet with host bits set',
      ['devSubnet=172.20.0.5/16'],
      ['devSubnet', 'use 172.20.0.0/16'],
      'devSubnet',
    ],
    ['a prod subnet with host bits set', ['prodSubnet=10.1.2.3/24'], ['prodSubnet', 'use 10.1.2.0/24'], 'prodSubnet'],
    ['a subnet of one address', ['devSubnet=172.20.0.4/32'], ['devSubnet', '30 or less'], 'devSubnet'],
    ['a subnet of two addresses', ['prodSubnet=172.20.0.4/31'], ['prodSubnet', '30 or less'], 'prodSubnet'],
    [
      'a devops subnet of two hosts',
      ['devSubnet=172.20.0.4/30', 'spliceAddress=172.20.0.6'],
      ['devSubnet', '29 or less'],
      'devSubnet',
    ],
    ['a multicast subnet', ['devSubnet=224.0.0.0/4'], ['devSubnet', 'multicast', '172.20.0.0/16'], 'devSubnet'],
    ['a subnet of "this network"', ['prodSubnet=0.0.0.0/8'], ['prodSubnet', '"this network"'], 'prodSubnet'],
    ['a loopback subnet', ['devSubnet=127.9.0.0/16'], ['devSubnet', 'loopback'], 'devSubnet'],
    ['a subnet that holds the loopback addresses', ['devSubnet=64.0.0.0/2'], ['devSubnet', 'loopback'], 'devSubnet'],
    ['a reserved subnet', ['devSubnet=255.255.0.0/16'], ['devSubnet', 'reserved'], 'devSubnet'],
    [
      'the gateway address for the splice',
      ['devSubnet=172.30.0.0/16', 'spliceAddress=172.30.0.1'],
      ['the gateway', 'use 172.30.0.4'],
      'spliceAddress',
    ],
    [
      'the address of a container for the splice',
      ['devSubnet=172.30.0.0/16', 'spliceAddress=172.30.0.2'],
      ['a container', 'use 172.30.0.4'],
      'spliceAddress',
    ],
    [
      'the broadcast address for the splice',
      ['devSubnet=172.30.0.0/24', 'spliceAddress=172.30.0.255'],
      ['broadcast address'],
      'spliceAddress',
    ],
    [
      'the network address for the splice',
      ['devSubnet=172.30.0.0/24', 'spliceAddress=172.30.0.0'],
      ['address of the network'],
      'spliceAddress',
    ],
    ['a loopback address for the splice', ['spliceAddress=127.0.0.1'], ['spliceAddress', 'loopback'], 'spliceAddress'],
    [
      'a multicast address for the splice',
      ['spliceAddress=224.0.0.9'],
      ['spliceAddress', 'multicast'],
      'spliceAddress',
    ],
    [
      'the name of the probe container',
      ['prodContainer=AppDev-probe'],
      ['prodContainer', 'probe container'],
      'prodContainer',
    ],
    ['names that differ only in case', ['prodContainer=appdev'], ['prodContainer', 'capital'], 'prodContainer'],
  ])('refuses %s with exit code 2 and a hint', async ([, inputs, says, next]) => {
    await expectRefusal(project, lab(...inputs), { exitCode: 2, code: 'E_INPUT', says, next }, options);
  });

  test.for<[file: string, says: string, next: string]>([
    ['nowhere.json', 'nowhere.json: cannot read', '--input-file a JSON file'],
    ['workflows', 'workflows: cannot read', '--input-file a JSON file'],
    ['broken.json', 'broken.json: cannot read', '--input-file a JSON file'],
    ['list.json', 'list.json: not a JSON object', '--input-file a JSON file'],
    ['unknown.json', 'unknown input "devNetwrok"', 'Did you mean devNetwork?'],
    ['number.json', 'devNetwork', 'Inputs of lab-network'],
  ])('refuses --input-file %s with exit code 2 and a hint', async ([file, says, next]) => {
    const args = ['start', 'lab-network', '--input-file', file];
    await expectRefusal(project, args, { exitCode: 2, code: 'E_INPUT', says: [says], next }, options);
  });
});

describe.concurrent('an invalid command line', () => {
  test.for<[args: readonly string[], code: string, says: string, next: string]>([
    [
      ['start', 'lab-netwrok'],
      'E_WORKFLOW_NOT_FOUND',
      'there is no workflow "lab-netwrok"',
      'Did you mean lab-network?',
    ],
    [['start', '../../etc/passwd'], 'E_WORKFLOW_NOT_FOUND', 'does not exist', 'wf workflows'],
    [['start', '$(touch pwned)'], 'E_WORKFLOW_NOT_FOUND', '"$(touch pwned)"', 'lab-network'],
    [['start'], 'E_USAGE', "missing required argument 'workflow'", 'wf start --help'],
    [['start', 'lab-network', 'again'], 'E_USAGE', 'too many arguments', 'wf start --help'],
    [['start', 'lab-network', '--dryrun'], 'E_USAGE', "unknown option '--dryrun'", 'Did you mean --dry-run?'],
    [['start', 'lab-network', '--input'], 'E_USAGE', 'argument missing', 'wf start --help'],
    [['start', 'lab-network', '--runtime', 'podman'], 'E_USAGE', 'auto, docker, embedded', 'wf start --help'],
    [['start', 'lab-network', '--on-failure', 'ignore'], 'E_USAGE', 'rollback, keep', 'wf start --help'],
    [['start', 'lab-network', '--id', '../x'], 'E_USAGE', '"../x" is not a valid run id', 'letters, digits'],
    [['start', 'lab-network', '--id', ''], 'E_USAGE', 'is not a valid run id', 'letters, digits'],
    [['start', 'lab-network', '--id', LONG], 'E_USAGE', 'is not a valid run id', '63'],
    [['strat', 'lab-network'], 'E_USAGE', "unknown command 'strat'", 'Did you mean start?'],
    [['runs', '--limit', '-1'], 'E_USAGE', 'positive integer', 'wf runs --help'],
    [['rollback'], 'E_USAGE', "missing required argument 'run'", 'wf rollback --help'],
    [['show', 'nosuch'], 'E_RUN_NOT_FOUND', 'run "nosuch" does not exist', 'wf sweep --db '],
    [['show', '@latest'], 'E_RUN_NOT_FOUND', 'run "@latest" does not exist', 'wf sweep --db '],
    [['show', "'; DROP TABLE runs; --"], 'E_RUN_NOT_FOUND', 'DROP TABLE', 'wf sweep --db '],
    [['logs', 'no such'], 'E_RUN_NOT_FOUND', 'run "no such" does not exist', 'wf sweep --db '],
    [['changes', '%'], 'E_RUN_NOT_FOUND', 'run "%" does not exist', 'wf sweep --db '],
    [['steps', 'net.vteh'], 'E_STEP_NOT_FOUND', 'step runner "net.vteh" does not exist', 'Did you mean net.veth?'],
  ])('is refused: wf %j', async ([args, code, says, next]) => {
    await expectRefusal(project, args, { exitCode: 2, code, says: [says], next }, options);
  });
});

describe.concurrent('an invalid command line without --json', () => {
  test.for<[args: readonly string[], code: string, says: string, next: string]>([
    [lab('devNetwrok=x'), 'E_INPUT', 'unknown input "devNetwrok"', 'Did you mean devNetwork?'],
    [lab('devNetwork=a\nb'), 'E_INPUT', 'devNetwork', 'Inputs of lab-network'],
    [['start', 'lab-network', '--input-file', 'broken.json'], 'E_INPUT', 'broken.json', '--input-file a JSON file'],
    [['start', 'lab-netwrok'], 'E_WORKFLOW_NOT_FOUND', '"lab-netwrok"', 'Did you mean lab-network?'],
    [['start', 'lab-network', '--dryrun'], 'E_USAGE', "unknown option '--dryrun'", 'Did you mean --dry-run?'],
    [['show', 'no\nsuch'], 'E_RUN_NOT_FOUND', 'does not exist', 'wf sweep --db '],
  ])('is refused as text: wf %j', async ([args, code, says, next]) => {
    await expectTextRefusal(project, args, { exitCode: 2, code, says: [says], next }, options);
  });
});

test('refused commands create no file', () => {
  expect(readdirSync(project.folder)).toEqual(files);
});
