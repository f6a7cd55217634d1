import { describe, expect, it } from 'vitest';
import { addressSchema, cidrSchema, linkNameSchema } from '../../../../src/steps/net/index.ts';
import { macOf } from '../../../../src/steps/net/links/derived-mac.ts';

describe('interface names', () => {
  it.each(['eth1', 'int_conteneur', 'a', '123456789012345', 'br-0a1b2c3d4e5f', 'é1234567890123'])(
    '%s is valid',
    (name) => {
      expect(linkNameSchema.safeParse(name).success).toBe(true);
    },
  );

  it.each(['', '1234567890123456', 'éééééééé', 'a/b', 'a b', 'a\tb', 'a:1', 'a%d', '.', '..', '-a', 'a\u0000'])(
    '%j is invalid',
    (name) => {
      expect(linkNameSchema.safeParse(name).success).toBe(false);
    },
  );

  it('the message names the limit', () => {
    const parsed = linkNameSchema.safeParse('prefix_int_conteneur');
    expect(parsed.error?.issues[0]?.message).toBe(
      'an interface name has at most 15 characters, the kernel\'s limit; "prefix_int_conteneur" has 20 bytes',
    );
  });
});

it('addresses are normalized, and malformed ones are refused', () => {
  expect(cidrSchema.parse('2001:DB8:0:0::1/64')).toBe('2001:db8::1/64');
  expect(cidrSchema.parse('172.20.0.100/16')).toBe('172.20.0.100/16');
  expect(addressSchema.parse('::0001')).toBe('::1');
  for (const text of ['172.20.0.100', '172.20/16', '1.2.3.4/33', '1.2.3.4/24/24', 'x/8', '10.1/8', '010.1.1.1/8/']) {
    expect(cidrSchema.safeParse(text).success, text).toBe(false);
  }
  for (const text of ['10.1', '1.2.3.4/8', '', 'host', '::1%eth0']) {
    expect(addressSchema.safeParse(text).success, text).toBe(false);
  }
});

it('a derived MAC address is unicast, locally administered and deterministic', () => {
  for (const link of ['a', 'b', 'int_hote', 'int_conteneur', 'x1', 'x2', 'x3']) {
    const mac = macOf('run/step', link);
    expect(mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    expect(Number.parseInt(mac.slice(0, 2), 16) & 0x03).toBe(0x02);
    expect(macOf('run/step', link)).toBe(mac);
    expect(macOf('run2/step', link)).not.toBe(mac);
  }
});
