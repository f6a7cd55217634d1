import { describe, expect, it } from 'vitest';
import { overlap, type Subnet, subnetText } from '../../../src/host/ip/subnet.ts';
import {
  freeAddress,
  freeSubnet,
  gatewayOf,
  macOf,
  usableSubnet,
} from '../../../src/runtime/embedded/server/network/addresses.ts';

const subnet = (text: string): Subnet => {
  const parsed = usableSubnet(text);
  if (parsed === undefined) throw new Error(`${text} is none`);
  return parsed;
};

describe('subnets of a private host', () => {
  it('are parsed from any of their addresses', () => {
    expect(subnetText(subnet('172.18.0.0/16'))).toBe('172.18.0.0/16');
    expect(subnetText(subnet('10.77.3.9/24'))).toBe('10.77.3.0/24');
    expect(gatewayOf(subnet('192.168.240.0/20'))).toBe('192.168.240.1');
    for (const text of [
      '',
      '10.0.0.0',
      '10.0.0.0/33',
      '10.0.0.0/31',
      '10.0.0/8',
      '10.0.0.256/8',
      'a/8',
      '1.2.3.4/8/8',
    ]) {
      expect(usableSubnet(text), text).toBeUndefined();
    }
  });

  it('overlap if they have an address in common', () => {
    expect(overlap(subnet('172.18.0.0/16'), subnet('172.18.255.0/24'))).toBe(true);
    expect(overlap(subnet('172.18.255.0/24'), subnet('172.18.0.0/16'))).toBe(true);
    expect(overlap(subnet('172.18.0.0/16'), subnet('172.19.0.0/16'))).toBe(false);
  });

  it('are allocated in the order of Docker, without those in use, until none is left', () => {
    const used = [subnet('172.19.128.0/17')];
    const given: string[] = [];
    for (let next = freeSubnet(used); next !== undefined; next = freeSubnet(used)) {
      used.push(next);
      given.push(subnetText(next));
    }
    expect(given.slice(0, 3)).toEqual(['172.18.0.0/16', '172.20.0.0/16', '172.21.0.0/16']);
    expect(given.slice(12, 15)).toEqual(['172.31.0.0/16', '192.168.0.0/20', '192.168.16.0/20']);
    expect(given).toHaveLength(13 + 16);
  });

  it('allocate the lowest free address, and none if all are in use', () => {
    const small = subnet('10.0.0.0/29');
    const used = new Set<string>();
    const given: string[] = [];
    for (let next = freeAddress(small, used); next !== undefined; next = freeAddress(small, used)) {
      used.add(next);
      given.push(next);
    }
    expect(given).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
    used.delete('10.0.0.3');
    expect(freeAddress(small, used)).toBe('10.0.0.3');
    expect(macOf('10.0.0.3')).toBe('02:42:0a:00:00:03');
  });
});
