import { expect, test } from 'vitest';
import { workflowInput } from '../../../src/cli/arguments/workflow-input.ts';
import lab from '../../../workflows/lab-network.ts';
import { errorOf } from '../../fixtures/history/temporary.ts';

const LONG = 'n'.repeat(64);

// `cli/refusals/bad-input-is-refused.test.ts` passes such inputs to the built command.
test.for<[what: string, inputs: readonly string[], message: readonly string[], next: string]>([
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
  ['an option for a Docker name', ['prodContainer=--privileged'], ['prodContainer'], 'prodContainer'],
  ['an empty Docker name', ['devNetwork='], ['devNetwork'], 'devNetwork'],
  ['a command in the prefix', ['prefix=$(id)'], ['prefix'], 'prefix'],
  ['a malformed address', ['spliceAddress=172.20.0.256'], ['spliceAddress'], 'spliceAddress'],
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
  ['a devops subnet with host bits set', ['devSubnet=172.20.0.5/16'], ['devSubnet', 'use 172.20.0.0/16'], 'devSubnet'],
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
  ['a multicast address for the splice', ['spliceAddress=224.0.0.9'], ['spliceAddress', 'multicast'], 'spliceAddress'],
  [
    'the name of the probe container',
    ['prodContainer=AppDev-probe'],
    ['prodContainer', 'probe container'],
    'prodContainer',
  ],
  ['names that differ only in case', ['prodContainer=appdev'], ['prodContainer', 'by more than case'], 'prodContainer'],
])('the lab refuses %s with exit code 2 and a hint', ([, assignments, message, next]) => {
  const error = errorOf(() => workflowInput(lab, { assignments, file: undefined }));
  expect(error).toMatchObject({ code: 'E_INPUT', exitCode: 2 });
  for (const part of message) expect(error.message).toContain(part);
  expect(error.hint).toContain(next);
});
