import { Problem } from '../../errors/problem.js';
import { storageFailureOf } from '../../errors/storage-failure.js';

const megabytes = (bytes: number): string => `${Math.round(bytes / (1024 * 1024)).toLocaleString('en')} MB`;

const advice = {
  user: 'Remove tracks that you uploaded (played ones count too), then upload again.',
  room: 'Tracks of this room have to be removed first (played ones count too).',
  server: 'Tracks have to be removed first (played ones count too); tell the operator of the server.',
};

export type Limit = keyof typeof advice;

/** The file would exceed what the tracks of this user, this room or this server may use. */
export const limitReached = (limit: Limit, limitBytes: number, usedBytes: number): Problem =>
  new Problem(
    'storage_full',
    `The file does not fit: ${megabytes(usedBytes)} of ${megabytes(limitBytes)} are used ` +
      `(limit of the ${limit}). ${advice[limit]}`,
    { limit, limit_bytes: limitBytes, used_bytes: usedBytes },
  );

export const diskFull = (): Problem =>
  new Problem(
    'storage_full',
    'The disk of the server is full; the file was not stored. Tell the operator of the server, and try again later.',
    { limit: 'disk' },
  );

/** @returns `storage_full` if the error says that the disk is full, otherwise the error itself */
export const asDiskFull = (error: unknown): unknown =>
  storageFailureOf(error) === 'disk_full' ? diskFull() : error;
