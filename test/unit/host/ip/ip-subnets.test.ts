import { expect, test } from 'vitest';
import {
  addressAt,
  contains,
  isNetwork,
  overlap,
  parseSubnet,
  type Subnet,
  subnetText,
} from '../../../../src/host/ip/subnet.ts';

const subnet = (text: string): Subnet => {
  const parsed = parseSubnet(text);
  if (parsed === undefined) throw new Error(`${text} is no subnet`);
  return parsed;
};

test.each(['', '10', '10.0.0.256', '1.2.3.4/33', '1.2.3.4/8/8', '::1/129', 'fe80::1%eth0', 'name', '10.1/16'])(
  '%j is neither an address nor a subnet',
  (text) => expect(parseSubnet(text)).toBeUndefined(),
);

test('an address is a subnet of one address', () => {
  expect(subnetText(subnet('172.18.0.2'))).toBe('172.18.0.2/32');
  expect(subnetText(subnet('FD00:0::1'))).toBe('fd00::1/128');
});

test('isNetwork distinguishes a network from an address with a prefix length', () => {
  expect(
    ['172.18.0.0/16', '172.18.0.2/16', '10.0.0.1/32', 'fd00::/64', 'fd00::1/64'].map((text) => isNetwork(subnet(text))),
  ).toEqual([true, false, false, true, false]);
});

test('a subnet contains and overlaps those of its own family only', () => {
  expect(contains(subnet('172.16.0.0/12'), subnet('172.20.0.9'))).toBe(true);
  expect(contains(subnet('172.20.0.0/16'), subnet('172.16.0.0/12'))).toBe(false);
  expect(overlap(subnet('172.20.0.0/16'), subnet('172.16.0.0/12'))).toBe(true);
  expect(overlap(subnet('0.0.0.0/0'), subnet('::/0'))).toBe(false);
});

test('addresses are counted from the start of the network', () => {
  expect(addressAt(subnet('172.20.9.9/16'), 256)).toBe('172.20.1.0');
  expect(addressAt(subnet('192.168.255.0/24'), 255)).toBe('192.168.255.255');
});
