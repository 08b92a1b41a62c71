import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { addressKey, ClientAddresses } from './client-addresses.js';
import { readSettings } from './settings.js';

const requestFrom = (remoteAddress: string, forwarded?: string): IncomingMessage => {
  const request = new IncomingMessage(
    Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress }),
  );
  if (forwarded !== undefined) request.headers['x-forwarded-for'] = forwarded;
  return request;
};

describe('the key by which limits count an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:0:12:a:b:c:d', '2001:db8:0:12::/64'],
    ['2001:0db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:1::', '2001:db8:1:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['nonsense', 'nonsense'],
    [undefined, 'unknown'],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

describe('the client address', () => {
  const key = (trust: string, forwarded?: string, remote = '127.0.0.1') =>
    new ClientAddresses(readSettings({ TRUST_PROXY: trust }).trustProxy).key(requestFrom(remote, forwarded));

  it('is the address of the connection if no proxy is trusted', () => {
    expect(key('false', '198.51.100.1')).toBe('127.0.0.1');
  });

  it('is the entry that the nearest proxy added with TRUST_PROXY=1 and TRUST_PROXY=true, even if the client sent entries', () => {
    for (const trust of ['1', 'true', 'on']) {
      expect(key(trust, '203.0.113.9, 198.51.100.1')).toBe('198.51.100.1');
    }
    expect(key('2', '203.0.113.9, 198.51.100.1')).toBe('203.0.113.9');
  });

  it('is the first untrusted address from the right if proxies are given by address', () => {
    expect(key('loopback, 10.0.0.0/8', '203.0.113.9, 198.51.100.1, 10.1.1.1')).toBe('198.51.100.1');
    expect(key('10.0.0.0/8', '203.0.113.9')).toBe('127.0.0.1');
  });
});
