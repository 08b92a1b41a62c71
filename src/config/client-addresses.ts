import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import proxyaddr from 'proxy-addr';
import type { Settings } from './settings.js';

type Trust = (address: string, hop: number) => boolean;

/**
 * Client addresses of HTTP requests and handshakes, as far as the trusted proxies vouch for them. The one place that
 * interprets `TRUST_PROXY`; Express is given the same function.
 */
export class ClientAddresses {
  /** In the form of Express's `trust proxy` setting. */
  readonly trust: Trust;

  constructor(trustProxy: Settings['trustProxy']) {
    this.trust = compileTrust(trustProxy);
  }

  /** What limits count by: an IPv4 address, or the /64 network of an IPv6 address. */
  key(request: IncomingMessage): string {
    return addressKey(proxyaddr(request, this.trust));
  }
}

const compileTrust = (trustProxy: Settings['trustProxy']): Trust => {
  if (typeof trustProxy === 'number') return (_address, hop) => hop < trustProxy;
  return proxyaddr.compile(trustProxy === false ? [] : trustProxy.split(',').map((part) => part.trim()));
};

/** An IPv6 host can choose among all addresses of its /64, so these count as one. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const rest = tail === '' ? [] : tail.split(':');
    // A dotted IPv4 ending stands for two groups.
    const length = rest.length + (tail.includes('.') ? 1 : 0);
    groups.push(...Array<string>(8 - groups.length - length).fill('0'), ...rest);
  }
  const network = groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
