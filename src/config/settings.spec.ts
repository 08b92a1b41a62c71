import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readSettings, SettingError } from './settings.js';

describe('the settings', () => {
  it('have the documented defaults', () => {
    expect(readSettings({})).toMatchObject({
      port: 3000,
      host: '0.0.0.0',
      dataDir: resolve('data'),
      database: { kind: 'sqlite', file: resolve('data/roomcast.sqlite'), sync: 'normal' },
      jwtSecret: null,
      corsOrigins: [],
      trustProxy: false,
      maxUploadBytes: 50 * 1024 * 1024,
      maxStorageBytes: null,
      maxRoomStorageBytes: 16_384 * 1024 * 1024,
      maxUserStorageBytes: 8192 * 1024 * 1024,
      minFreeBytes: 512 * 1024 * 1024,
      maxAddressUploads: 50,
      maxAddressStreams: 1000,
      confirmationTimeoutMs: 5000,
      confirmationAttempts: 3,
      eventRetention: 1000,
      rateLimit: true,
      logLevel: 'info',
    });
  });

  it('are read from the environment', () => {
    const settings = readSettings({
      PORT: ' 8080 ',
      HOST: '127.0.0.1',
      DATA_DIR: '/srv/roomcast',
      JWT_SECRET: 's'.repeat(32),
      CORS_ORIGINS: 'https://a.example, http://localhost:5173',
      TRUST_PROXY: '2',
      MAX_UPLOAD_MB: '7',
      MAX_STORAGE_MB: '1000',
      MAX_ROOM_STORAGE_MB: '100',
      MAX_USER_STORAGE_MB: '10',
      MIN_FREE_MB: '0',
      MAX_ADDRESS_UPLOADS: '20',
      MAX_ADDRESS_STREAMS: '300',
      SQLITE_SYNC: 'FULL',
      RATE_LIMIT: 'off',
      LOG_LEVEL: 'debug',
    });
    expect(settings).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      dataDir: '/srv/roomcast',
      database: { kind: 'sqlite', file: '/srv/roomcast/roomcast.sqlite', sync: 'full' },
      jwtSecret: 's'.repeat(32),
      corsOrigins: ['https://a.example', 'http://localhost:5173'],
      trustProxy: 2,
      maxUploadBytes: 7 * 1024 * 1024,
      maxStorageBytes: 1000 * 1024 * 1024,
      maxRoomStorageBytes: 100 * 1024 * 1024,
      maxUserStorageBytes: 10 * 1024 * 1024,
      minFreeBytes: 0,
      maxAddressUploads: 20,
      maxAddressStreams: 300,
      rateLimit: false,
      logLevel: 'debug',
    });
    const url = 'postgres://user:word@db:5432/roomcast';
    expect(readSettings({ DATABASE_URL: url }).database).toEqual({ kind: 'postgres', url });
    expect(readSettings({ CORS_ORIGINS: '*' }).corsOrigins).toBe('*');
  });

  it('treat an empty variable as not set', () => {
    expect(readSettings({ PORT: '', DATABASE_URL: ' ', JWT_SECRET: '', CORS_ORIGINS: '' })).toEqual(
      readSettings({}),
    );
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '3e3'],
    ['PORT', '0x50'],
    ['MAX_UPLOAD_MB', '0'],
    ['MAX_UPLOAD_MB', '1.5'],
    ['MAX_STORAGE_MB', '0'],
    ['MAX_ROOM_STORAGE_MB', '0'],
    ['MAX_USER_STORAGE_MB', 'all'],
    ['MIN_FREE_MB', '-1'],
    ['CONFIRMATION_TIMEOUT_MS', 'soon'],
    ['CONFIRMATION_ATTEMPTS', '0'],
    ['EVENT_RETENTION', '-5'],
    ['RATE_LIMIT', 'maybe'],
    ['LOG_LEVEL', 'loud'],
    ['SQLITE_SYNC', 'off'],
    ['DATABASE_URL', 'mysql://db/roomcast'],
    ['CORS_ORIGINS', 'https://a.example/path'],
    ['CORS_ORIGINS', 'a.example'],
    ['TRUST_PROXY', 'yes;no'],
  ])('reject %s=%j with one line that says what is allowed', (name, value) => {
    const read = () => readSettings({ [name]: value });
    expect(read).toThrow(SettingError);
    expect(read).toThrow(
      new RegExp(`^${name} is ${JSON.stringify(value).replace(/[.?+*]/g, '\\$&')}; allowed: [^\\n]+$`),
    );
  });

  it.each([
    ['JWT_SECRET', 'too short a secret'],
    ['ADMIN_TOKEN', 'too short'],
    ['ADMIN_TOKEN', 'too short, since it has spaces'],
    ['DATABASE_URL', 'mysql://user:password1@db/roomcast'],
  ])('do not print the secret in an invalid %s', (name, value) => {
    const error = (() => {
      try {
        return readSettings({ [name]: value });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(SettingError);
    expect((error as SettingError).message).toContain(name);
    expect((error as SettingError).message).not.toMatch(/too short|password1/);
  });
});
