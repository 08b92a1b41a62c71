import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import proxyaddr from 'proxy-addr';
import type { Settings } from './settings.js';

type Trust = (address: string, hop: number) => boolean;

/**
 * Determines the client address of HTTP requests and handshakes from `X-Forwarded-For`, as far as the proxies that
 * added it are trusted. The only place that interprets `TRUST_PROXY`; Express uses the same function.
 */
export class ClientAddresses {
  /** In the form of Express's `trust proxy` setting. */
  readonly trust: Trust;

  constructor(trustProxy: Settings['trustProxy']) {
    this.trust = compileTrust(trustProxy);
  }

  /** The key by which limits count clients: an IPv4 address, or the /64 network of an IPv6 address. */
  key(request: IncomingMessage): string {
    return addressKey(proxyaddr(request, this.trust));
  }
}

const compileTrust = (trustProxy: Settings['trustProxy']): Trust => {
  if (typeof trustProxy === 'number') return (_address, hop) => hop < trustProxy;
  return proxyaddr.compile(trustProxy === false ? [] : trustProxy.split(',').map((part) => part.trim()));
};

/** As `ClientAddresses.key`. An IPv6 host can use any address of its /64 network, so these count as one client. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const rest = tail === '' ? [] : tail.split(':');
    // An IPv4 address in dotted notation at the end replaces two groups.
    const length = rest.length + (tail.includes('.') ? 1 : 0);
    groups.push(...Array<string>(8 - groups.length - length).fill('0'), ...rest);
  }
  const network = groups.slice(0, 4).map((group) => parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
