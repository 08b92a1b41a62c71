import { isIP } from 'node:net';
import { join, resolve } from 'node:path';

/** The server's settings, read from the environment once, at start. */
export interface Settings {
  port: number;
  host: string;
  /** Absolute path of the folder with the SQLite database, the audio files and the generated secret. */
  dataDir: string;
  database: { kind: 'sqlite'; file: string; sync: 'normal' | 'full' } | { kind: 'postgres'; url: string };
  /** null: generated once and stored in `dataDir`. */
  jwtSecret: string | null;
  /** The token for the routes of the server's operator; null: there are none. */
  adminToken: string | null;
  /** Origins that may use the server from a browser; '*' for any. */
  corsOrigins: string[] | '*';
  /** Which `X-Forwarded-For` entries are trusted: none, those of this number of proxies, or those of these addresses. */
  trustProxy: false | number | string;
  maxUploadBytes: number;
  /** All tracks together; null: limited by the disk only. */
  maxStorageBytes: number | null;
  maxRoomStorageBytes: number;
  maxUserStorageBytes: number;
  /** Uploads leave this much free on the volume of `dataDir`. */
  minFreeBytes: number;
  /** Uploads in progress from one client address, if `rateLimit`. */
  maxAddressUploads: number;
  /** Streams in progress to one client address, and as many covers, if `rateLimit`. */
  maxAddressStreams: number;
  confirmationTimeoutMs: number;
  confirmationAttempts: number;
  /** Number of events that the log of each room keeps. */
  eventRetention: number;
  rateLimit: boolean;
  /** How sockets are written to: `auto` and `fast` use the fast transport if its self-check succeeds. */
  transport: (typeof transports)[number];
  logLevel: (typeof logLevels)[number];
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const switches = ['on', 'off'] as const;
const transports = ['auto', 'standard', 'fast'] as const;
const syncs = ['normal', 'full'] as const;

const megabyte = 1024 * 1024;
/** 100 TB. */
const maxStorageMb = 100_000_000;

/** A reason why the server cannot start. The message is one line, printed without a stack. */
export class StartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StartError';
  }
}

/** An invalid setting. The message is one line: the variable, the value given, the values allowed. */
export class SettingError extends StartError {
  constructor(name: string, given: string, allowed: string) {
    super(`${name} is ${JSON.stringify(given)}; allowed: ${allowed}`);
    this.name = 'SettingError';
  }
}

/**
 * Reads and validates the settings.
 * @throws {SettingError} for the first invalid one
 */
export function readSettings(env: Record<string, string | undefined>): Settings {
  // Compose files and shells pass a variable that is not set as an empty one.
  const given = (name: string) => env[name]?.trim() || undefined;

  const integer = (name: string, fallback: number, min: number, max: number): number => {
    const text = given(name);
    if (text === undefined) return fallback;
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) {
      throw new SettingError(name, text, `a whole number from ${min} to ${max}`);
    }
    return value;
  };
  const oneOf = <const T extends string>(name: string, fallback: T, values: readonly T[]): T => {
    const text = given(name);
    if (text === undefined) return fallback;
    const value = values.find((candidate) => candidate === text.toLowerCase());
    if (value === undefined) throw new SettingError(name, text, values.join(', '));
    return value;
  };

  const redisUrl = given('REDIS_URL');
  if (redisUrl !== undefined) {
    throw new SettingError('REDIS_URL', redacted(redisUrl), 'not set; this version runs as a single node');
  }
  const jwtSecret = given('JWT_SECRET') ?? null;
  if (jwtSecret !== null && jwtSecret.length < 32) {
    throw new SettingError('JWT_SECRET', `${jwtSecret.length} characters`, 'at least 32 characters');
  }
  const dataDir = resolve(given('DATA_DIR') ?? './data');
  return {
    port: integer('PORT', 3000, 0, 65_535),
    host: given('HOST') ?? '0.0.0.0',
    dataDir,
    database: readDatabase(given('DATABASE_URL'), dataDir, oneOf('SQLITE_SYNC', 'normal', syncs)),
    jwtSecret,
    adminToken: readAdminToken(given('ADMIN_TOKEN')),
    corsOrigins: readOrigins(given('CORS_ORIGINS')),
    trustProxy: readTrustProxy(given('TRUST_PROXY')),
    maxUploadBytes: integer('MAX_UPLOAD_MB', 50, 1, 4096) * megabyte,
    maxStorageBytes:
      given('MAX_STORAGE_MB') === undefined ? null : integer('MAX_STORAGE_MB', 0, 1, maxStorageMb) * megabyte,
    maxRoomStorageBytes: integer('MAX_ROOM_STORAGE_MB', 16_384, 1, maxStorageMb) * megabyte,
    maxUserStorageBytes: integer('MAX_USER_STORAGE_MB', 8192, 1, maxStorageMb) * megabyte,
    minFreeBytes: integer('MIN_FREE_MB', 512, 0, maxStorageMb) * megabyte,
    maxAddressUploads: integer('MAX_ADDRESS_UPLOADS', 50, 1, 100),
    maxAddressStreams: integer('MAX_ADDRESS_STREAMS', 1000, 1, 2000),
    confirmationTimeoutMs: integer('CONFIRMATION_TIMEOUT_MS', 5000, 50, 600_000),
    confirmationAttempts: integer('CONFIRMATION_ATTEMPTS', 3, 1, 100),
    eventRetention: integer('EVENT_RETENTION', 1000, 10, 1_000_000),
    rateLimit: oneOf('RATE_LIMIT', 'on', switches) === 'on',
    transport: oneOf('TRANSPORT', 'auto', transports),
    logLevel: oneOf('LOG_LEVEL', 'info', logLevels),
  };
}

function readDatabase(
  url: string | undefined,
  dataDir: string,
  sync: 'normal' | 'full',
): Settings['database'] {
  if (url === undefined) return { kind: 'sqlite', file: join(dataDir, 'roomcast.sqlite'), sync };
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new SettingError('DATABASE_URL', redacted(url), 'postgres://user:password@host:port/database');
  }
  return { kind: 'postgres', url };
}

function readAdminToken(token: string | undefined): string | null {
  if (token === undefined) return null;
  if (!/^[!-~]{16,512}$/.test(token)) {
    throw new SettingError(
      'ADMIN_TOKEN',
      `${token.length} characters`,
      '16 to 512 visible ASCII characters without spaces',
    );
  }
  return token;
}

function readOrigins(text: string | undefined): string[] | '*' {
  if (text === undefined) return [];
  if (text === '*') return '*';
  return text.split(',').map((part) => {
    const origin = part.trim();
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new SettingError(
        'CORS_ORIGINS',
        text,
        'origins like https://music.example, separated by commas, or *',
      );
    }
    return origin;
  });
}

/** Whether it is an IP address, a subnet, or one of the names that Express accepts. */
function isProxyAddress(part: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(part)) return true;
  const [address, bits, ...rest] = part.split('/');
  const family = isIP(address ?? '');
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function readTrustProxy(text: string | undefined): Settings['trustProxy'] {
  if (text === undefined || text === 'false' || text === 'off') return false;
  // Only the nearest proxy: trusting every hop would let a client choose its own address.
  if (text === 'true' || text === 'on') return 1;
  if (/^\d{1,2}$/.test(text)) return Number(text);
  if (text.split(',').every((part) => isProxyAddress(part.trim()))) return text;
  throw new SettingError(
    'TRUST_PROXY',
    text,
    'true, false, a number of hops, or addresses separated by commas',
  );
}

/** Replaces user and password in a URL, so that it can be logged. */
export const redacted = (url: string): string => url.replace(/\/\/[^@/]*@/, '//…@');
